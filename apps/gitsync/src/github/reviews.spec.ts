import { verdictOf } from './reviews';

const review = (id: number, login: string | null, state: string) => ({ id, login, state });

test('without reviews nobody has approved', () => {
  expect(verdictOf([])).toEqual({ approved: false, changesRequested: false, reviewerCount: 0 });
});

test('the latest decisive review of each reviewer counts, by id and whatever the letter case of the login', () => {
  const verdict = verdictOf([
    review(5, 'ada', 'APPROVED'),
    review(2, 'Ada', 'CHANGES_REQUESTED'),
    review(6, 'ADA', 'COMMENTED'),
    review(7, 'ada', 'PENDING'),
  ]);
  expect(verdict).toEqual({ approved: true, changesRequested: false, reviewerCount: 1 });
});

test('one request for changes outweighs any approval', () => {
  const verdict = verdictOf([review(1, 'ada', 'APPROVED'), review(2, 'bob', 'changes_requested')]);
  expect(verdict).toEqual({ approved: false, changesRequested: true, reviewerCount: 2 });
});

test('a dismissed review takes its verdict back', () => {
  const verdict = verdictOf([review(1, 'ada', 'CHANGES_REQUESTED'), review(2, 'ada', 'DISMISSED')]);
  expect(verdict).toEqual({ approved: false, changesRequested: false, reviewerCount: 1 });
});

test('reviews of accounts that are gone still count', () => {
  expect(verdictOf([review(1, null, 'APPROVED')])).toMatchObject({ approved: true, reviewerCount: 1 });
});
