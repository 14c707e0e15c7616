/** A good body for each route that takes one, by method and path: the bad-input suite replaces its every field by bad values. */
import type { Provisioned } from './provision';

/** The discard port of this machine: routes that call a provider are refused at once. */
export const NOBODY_LISTENS = 'http://127.0.0.1:9/v1';

export function goodBodiesOf(world: Provisioned): Record<string, object> {
  const content = [
    { type: 'text', text: 'Hi' },
    { type: 'file-reference', file_name: 'a.ts', start_line: 1, end_line: 2, content: 'x' },
  ];
  const model = {
    model: 'm',
    display_name: 'M',
    context_limit: 1000,
    compression_threshold: 50,
    enabled: true,
  };
  const model_config = {
    max_output_tokens: 10,
    temperature: 1,
    top_p: 1,
    reasoning_effort: { default: 'low', max: 'high' },
    use_responses_api: true,
    provider_options: { openai: { user: 'u', metadata: { a: 'b' }, include: [], store: true } },
    cost: {
      input_price_per_million_tokens: '1.5',
      output_price_per_million_tokens: 2,
      cache_read_price_per_million_tokens: '0',
      cache_write_price_per_million_tokens: null,
    },
  };
  const keyPolicy = {
    central_api_key_enabled: true,
    allow_user_api_key: true,
    allow_central_api_key_fallback: true,
  };
  const person = { email: 'x@example.com', username: 'x', name: 'X', password: 'a password' };
  const choice = { model_config_id: world.modelId, reasoning_effort: 'low' };
  return {
    'POST /users/first': person,
    'POST /users/login': { email: 'x@example.com', password: 'a password' },
    'POST /users/logout': {},
    'POST /users': { ...person, is_admin: false },
    'POST /users/:user/keys/tokens': { token_name: 'x', lifetime: 1_000_000 },
    'DELETE /users/:user/keys/:id': {},
    'POST /users/me/session/token-to-cookie': {},
    'POST /users/:user/webpush/subscription': {
      endpoint: 'https://push.test/1',
      p256dh_key: 'k',
      auth_key: 'k',
    },
    'DELETE /users/:user/webpush/subscription': { endpoint: 'https://push.test/1' },
    'POST /users/:user/webpush/test': {},
    'PUT /users/:user/external-auth': {
      provider_origin: 'https://github.com',
      access_token: 'a',
      refresh_token: 'r',
      expires_at: '2030-01-01T00:00:00Z',
    },
    'DELETE /users/:user/external-auth': { provider_origin: 'https://github.com' },
    'PUT /chats/:chat/git-ref': { branch: 'b', remote_origin: 'https://github.com/o/r' },
    'POST /webhooks/github': {},
    'POST /organizations/:organization/groups': { name: 'n', display_name: 'N' },
    'PATCH /groups/:group': { add_users: [world.member.id], remove_users: [] },
    'DELETE /groups/:group': {},
    'PUT /chats/usage-limits': { spend_limit_micros: null, period: 'month' },
    'PUT /chats/usage-limits/overrides/:user': { spend_limit_micros: 1_000_000_000 },
    'DELETE /chats/usage-limits/overrides/:user': {},
    'PUT /chats/usage-limits/group-overrides/:group': { spend_limit_micros: 1_000_000_000 },
    'DELETE /chats/usage-limits/group-overrides/:group': {},
    'PUT /chats/config/system-prompt': { system_prompt: 'p', include_default_system_prompt: true },
    'PUT /chats/config/plan-mode-instructions': { plan_mode_instructions: 'p' },
    'PUT /chats/config/personal-model-overrides': { allow_users: true },
    'PUT /chats/config/user-prompt': { custom_prompt: 'p' },
    'PUT /chats/config/user-compaction-thresholds/:model': { threshold_percent: 50 },
    'DELETE /chats/config/user-compaction-thresholds/:model': {},
    'PUT /organizations/:organization/chats/config/system-prompt': { system_prompt: 'p' },
    'PUT /organizations/:organization/chats/model-overrides/:context': { model_config_id: world.modelId },
    'PUT /organizations/:organization/members/:user/chats/model-overrides/:context': {
      mode: 'model',
      model_config_id: world.modelId,
    },
    'PUT /users/:user/ai-provider-keys/:provider': { api_key: 'k' },
    'DELETE /users/:user/ai-provider-keys/:provider': {},
    'PUT /chats/user-provider-configs/:provider': { api_key: 'k' },
    'DELETE /chats/user-provider-configs/:provider': {},
    'POST /chats/providers': {
      type: 'openai',
      name: 'n',
      base_url: 'http://x.test',
      api_key: 'k',
      enabled: true,
      ...keyPolicy,
    },
    'PATCH /chats/providers/:provider': {
      name: 'spare',
      base_url: NOBODY_LISTENS,
      api_key: 'k',
      enabled: true,
      ...keyPolicy,
    },
    'DELETE /chats/providers/:provider': {},
    'POST /chats/providers/:provider/test': { api_key: 'k' },
    'POST /organizations/:organization/chats/models': {
      ...model,
      ai_provider_id: world.providerId,
      is_default: false,
      model_config,
    },
    'PATCH /organizations/:organization/chats/models/:model': { ...model, is_default: false, model_config },
    'DELETE /organizations/:organization/chats/models/:model': {},
    'POST /chats': {
      ...choice,
      organization_id: world.organizationId,
      content,
      system_prompt: 'x',
      workspace_id: null,
      mcp_server_ids: [],
      labels: { key: 'value' },
      unsafe_dynamic_tools: [{ name: 'tool', description: 'x', input_schema: { type: 'object' } }],
      plan_mode: 'plan',
      client_type: 'ui',
    },
    'PATCH /chats/:chat': { title: 't', labels: { a: 'b' }, archived: false, pin_order: 0, plan_mode: '' },
    'POST /chats/:chat/messages': {
      ...choice,
      content,
      busy_behavior: 'queue',
      plan_mode: '',
      mcp_server_ids: [],
    },
    'PATCH /chats/:chat/messages/:message': { ...choice, content, mcp_server_ids: [] },
    'DELETE /chats/:chat/queue/:message': {},
    'POST /chats/:chat/queue/:message/promote': {},
    'POST /chats/:chat/interrupt': {},
    'POST /chats/:chat/compact': {},
    'POST /chats/:chat/clear': {},
    'POST /chats/:chat/title/propose': {},
    'POST /chats/:chat/tool-results': { results: [{ tool_call_id: 'a', output: { x: 1 }, is_error: false }] },
  };
}
