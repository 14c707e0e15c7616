/** What the command line takes for a value; each stops with what would be good. */
import { InvalidArgumentError } from 'commander';

/** `gateway=http://a,chat-worker=http://b`; a name may come several times. @throws Error naming what is no such pair */
export function parseServiceUrls(text: string): Record<string, string[]> {
  const urls: Record<string, string[]> = {};
  for (const entry of text.split(',')) {
    const [, name, url] = /^\s*([a-z-]+)=(https?:\/\/\S+?)\/*\s*$/.exec(entry) ?? [];
    if (name === undefined || url === undefined)
      throw new Error(`"${entry}" is no service: give name=http://address`);
    urls[name] = [...(urls[name] ?? []), url];
  }
  return urls;
}

/** One address or several with commas, as it was given. */
export function httpUrls(text: string): string {
  for (const url of text.split(',')) httpUrl(url);
  return text;
}

export function httpUrl(text: string): string {
  if (!/^https?:\/\//.test(text.trim()) || !URL.canParse(text.trim()))
    throw new InvalidArgumentError('Give an address such as https://parley.example.com.');
  return text;
}

export function count(min: number, max: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (!/^\d+$/.test(text) || value < min || value > max)
      throw new InvalidArgumentError(`Give a whole number from ${min} to ${max}.`);
    return value;
  };
}

export function positive(text: string): number {
  const value = Number(text);
  if (!Number.isFinite(value) || value <= 0) throw new InvalidArgumentError('Give a number above 0.');
  return value;
}

/** Milliseconds from seconds. */
export function seconds(text: string): number {
  return positive(text) * 1000;
}

export function orInvalid<T>(parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    throw new InvalidArgumentError(error instanceof Error ? error.message : String(error));
  }
}
