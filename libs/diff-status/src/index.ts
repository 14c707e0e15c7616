export { CLAIM_LEASE_MS, claimChat, claimDue, releaseClaims } from './claims';
export type { Claim, ClaimInput } from './claims';
export { readDiff, storeDiff } from './diff-contents';
export type { ReadDiff, StoredDiff } from './diff-contents';
export { deleteLink, listLinks, readToken, saveLink } from './external-auth';
export type { LinkedToken, LinkKey, SealedToken, TokenPair, TokenSealer } from './external-auth';
export {
  acceptToken,
  claimTokenRefresh,
  limitToken,
  rejectToken,
  releaseTokenRefresh,
  storeRefreshedToken,
} from './external-auth-state';
export { markBranch, markOwner, reportGitRef } from './marks';
export type { Marked, MarkedBranch, ReportedGitRef } from './marks';
export { backOff, clearPullRequest, holdOff, recordPullRequest } from './outcomes';
export type { OutcomeInput, Recorded } from './outcomes';
export { publishDiffStatusChange } from './publish';
export { readDiffStatuses, withDiffStatuses } from './reads';
export { branchUrl, parseRemoteOrigin } from './remote-origin';
export type { Remote } from './remote-origin';
export { storedPullRequest, toChatDiffStatus } from './rows';
export type { DiffStatusRow, PullRequest } from './rows';
