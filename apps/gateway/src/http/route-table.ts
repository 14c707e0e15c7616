/**
 * Knows every registered route, so that a known path with another method is answered 405 with `Allow` (Fastify would say 404), and
 * OPTIONS lists the methods. Filled by Fastify itself as routes are registered: a new route needs nothing here.
 */
export interface KnownRoute {
  readonly url: string;
  readonly methods: ReadonlySet<string>;
}

interface Entry extends KnownRoute {
  readonly methods: Set<string>;
  readonly pattern: RegExp;
}

export class RouteTable {
  private readonly entries = new Map<string, Entry>();

  add(url: string, method: string | readonly string[]): void {
    const methods = typeof method === 'string' ? [method] : method;
    const entry = this.entries.get(url) ?? { url, methods: new Set<string>(), pattern: toPattern(url) };
    for (const name of methods) entry.methods.add(name.toUpperCase());
    this.entries.set(url, entry);
  }

  routes(): readonly KnownRoute[] {
    return [...this.entries.values()];
  }

  /** The methods of every route that `path` matches, sorted. */
  methodsAt(path: string): string[] {
    const methods = new Set<string>();
    for (const { pattern, methods: known } of this.entries.values()) {
      if (pattern.test(path)) known.forEach((method) => methods.add(method));
    }
    return [...methods].sort();
  }
}

function toPattern(url: string): RegExp {
  const segments = url
    .split('/')
    .map((segment) => (segment.startsWith(':') ? '[^/]+' : segment.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')));
  return new RegExp(`^${segments.join('/')}$`);
}
