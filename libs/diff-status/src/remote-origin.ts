/**
 * Where a git remote points, from any form that git accepts: `https://host/owner/name.git`, `ssh://git@host:22/owner/name`,
 * `git@host:owner/name`. Refuses local paths and remotes without an owner. Source: git-fetch(1), "GIT URLS".
 */
export interface Remote {
  /** In lower case; with the port when an HTTP address names one. */
  readonly host: string;
  /** `owner`, or `group/subgroup` on hosts that nest them, as written. */
  readonly owner: string;
  readonly name: string;
  /** `host/owner/name` in lower case: hosts do not tell letter case apart. */
  readonly repository: string;
}

const SCP_LIKE = /^(?:[\w.-]+@)?([\w.-]+):(?!\/\/)\/?(.+)$/;
const SSH_SCHEMES = new Set(['ssh:', 'git+ssh:', 'git:']);
const HTTP_SCHEMES = new Set(['https:', 'http:']);
const SEGMENT = /^[\w.-]+$/;

/** Null for what is no remote repository on a host. */
export function parseRemoteOrigin(remoteOrigin: string): Remote | null {
  const place = splitUrl(remoteOrigin) ?? splitScpLike(remoteOrigin);
  if (place === null) return null;
  const segments = place.path
    .replace(/\.git\/?$/, '')
    .split('/')
    .filter((segment) => segment !== '');
  const name = segments.pop();
  if (name === undefined || segments.length === 0) return null;
  if (![...segments, name].every((segment) => SEGMENT.test(segment) && !/^\.{1,2}$/.test(segment)))
    return null;
  const owner = segments.join('/');
  const host = place.host.toLowerCase();
  return { host, owner, name, repository: `${host}/${owner}/${name}`.toLowerCase() };
}

function splitUrl(text: string): { host: string; path: string } | null {
  if (!URL.canParse(text)) return null;
  const url = new URL(text);
  if (HTTP_SCHEMES.has(url.protocol)) return { host: url.host, path: url.pathname };
  // The port of SSH says nothing about where the host's API is.
  if (SSH_SCHEMES.has(url.protocol)) return { host: url.hostname, path: url.pathname };
  return null;
}

function splitScpLike(text: string): { host: string; path: string } | null {
  const [, host, path] = SCP_LIKE.exec(text) ?? [];
  return host === undefined || path === undefined ? null : { host, path };
}

/** The page of a branch on the host (this form works on GitHub and GitLab). Slashes of the branch stay. */
export function branchUrl(remote: Remote, branch: string): string {
  const path = branch.split('/').map(encodeURIComponent).join('/');
  return `https://${remote.host}/${remote.owner}/${remote.name}/tree/${path}`;
}
