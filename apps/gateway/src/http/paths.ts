/** Where routes are mounted. Chat routes answer under the experimental prefix too, as clients of that era call it. */
const STABLE = 'api/v2';
const EXPERIMENTAL = 'api/experimental';

export const api = (path: string): string => `${STABLE}/${path}`;

export const chatApi = (path: string): string[] => [`${STABLE}/${path}`, `${EXPERIMENTAL}/${path}`];
