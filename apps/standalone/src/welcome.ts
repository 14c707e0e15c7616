/** What a person, or with `--json` a script, is told once a local Parley is ready. */
import type { Provisioned } from './provision';

export interface Welcome extends Provisioned {
  url: string;
  /** True when answers come from the mock. */
  isMock: boolean;
  pids?: Readonly<Record<string, readonly number[]>>;
}

/** One line of JSON: `url`, `token`, `organization_id`, and `pids` by role for a cluster. */
export function welcomeJson(welcome: Welcome): string {
  return JSON.stringify({
    url: welcome.url,
    token: welcome.token,
    organization_id: welcome.organizationId,
    ...(welcome.pids === undefined ? {} : { pids: welcome.pids }),
  });
}

export function welcomeText(welcome: Welcome): string {
  const answers = welcome.isMock
    ? 'Answers come from the built-in MOCK model, not from an AI. Set OPENAI_API_KEY or ANTHROPIC_API_KEY for real ones.'
    : 'Answers come from the model provider whose API key is set.';
  return `
Parley is ready at ${welcome.url}

  log in with   ${welcome.credentials.email}   password ${welcome.credentials.password}
  or the token  ${welcome.token}

${answers}

Paste this to start a chat and watch the answer grow (Ctrl-C leaves the stream):

${curlLine(welcome)}

Ctrl-C stops Parley; the chats stay.
`;
}

/** Creates a chat and streams it, with nothing but curl and sed. */
export function curlLine({ url, token, organizationId }: Welcome): string {
  const header = `-H 'Coder-Session-Token: ${token}'`;
  const body = JSON.stringify({
    organization_id: organizationId,
    content: [{ type: 'text', text: 'Hello, who are you?' }],
  });
  const create = `curl -s ${header} -H 'Content-Type: application/json' -d '${body}' ${url}/api/v2/chats`;
  return `curl -sN ${header} ${url}/api/v2/chats/$(${create} | sed 's/^{"id":"\\([^"]*\\).*/\\1/')/stream`;
}
