/**
 * The verdict of a pull request's reviews: of each reviewer the latest decisive one counts. A comment decides nothing; a dismissed
 * review takes its verdict back. Approved: somebody approves and nobody requests changes.
 */
export interface Review {
  readonly id: number;
  /** Null when the account is gone. */
  readonly login: string | null;
  /** APPROVED, CHANGES_REQUESTED, DISMISSED, COMMENTED, PENDING */
  readonly state: string;
}

export interface Verdict {
  readonly approved: boolean;
  readonly changesRequested: boolean;
  readonly reviewerCount: number;
}

const DECISIVE = new Set(['APPROVED', 'CHANGES_REQUESTED', 'DISMISSED']);
const NO_LONGER_THERE = 'ghost';

export function verdictOf(reviews: readonly Review[]): Verdict {
  const latest = new Map<string, Review>();
  for (const review of reviews) {
    const state = review.state.toUpperCase();
    if (!DECISIVE.has(state)) continue;
    const reviewer = (review.login ?? NO_LONGER_THERE).toLowerCase();
    const before = latest.get(reviewer);
    if (before === undefined || before.id < review.id) latest.set(reviewer, { ...review, state });
  }
  const states = [...latest.values()].map(({ state }) => state);
  const changesRequested = states.includes('CHANGES_REQUESTED');
  return {
    approved: states.includes('APPROVED') && !changesRequested,
    changesRequested,
    reviewerCount: latest.size,
  };
}
