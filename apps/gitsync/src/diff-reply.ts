/** What the gateway is told of a refresh that it asked for. */
import type { GitDiffReply, GitDiffResult } from '@parley/contracts';
import type { Refreshed } from './refresh/refresher';

export function toDiffReply({ result, diff, retryAt }: Refreshed): GitDiffReply {
  const retry = retryAt === null ? {} : { retry_at: new Date(retryAt).toISOString() };
  return { result: resultOf(result, diff), ...retry };
}

function resultOf(result: Refreshed['result'], diff: Refreshed['diff']): GitDiffResult {
  switch (result) {
    case 'pull_request':
    case 'no_pull_request':
    case 'cleared':
      return diffResult(diff);
    case 'unknown_provider':
    case 'no_token':
    case 'token_rejected':
    case 'rate_limited':
    case 'not_found':
      return result;
    case 'failed':
      return 'provider_failed';
    case 'lost':
    case 'released':
    case 'token_busy':
      return 'busy';
  }
}

function diffResult(diff: Refreshed['diff']): GitDiffResult {
  switch (diff) {
    case 'stored':
      return 'refreshed';
    case 'not_found':
    case 'too_large':
      return diff;
    case 'failed':
    case null:
      return 'provider_failed';
  }
}
