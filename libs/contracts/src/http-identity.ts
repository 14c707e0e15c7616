/** Bodies of the user, session and token routes. */
import { z } from 'zod';
import { plainText } from './strings';

const username = plainText().regex(
  /^[a-zA-Z0-9]+(?:-[a-zA-Z0-9]+)*$/,
  'must hold letters and digits, with single "-" between them',
);

const email = z.email('must be an email address').max(254);

const password = plainText()
  .min(8, 'must have at least 8 characters')
  .max(64, 'must have at most 64 characters');

export const createFirstUserRequest = z.object({
  email,
  username: username.max(32),
  name: plainText().max(128).default(''),
  password,
});
export type CreateFirstUserRequest = z.infer<typeof createFirstUserRequest>;

export const createUserRequest = createFirstUserRequest.extend({
  /** A deployment administrator. */
  is_admin: z.boolean().default(false),
});
export type CreateUserRequest = z.infer<typeof createUserRequest>;

export const loginRequest = z.object({
  email: plainText().min(1).max(254),
  password: plainText().min(1).max(64),
});
export type LoginRequest = z.infer<typeof loginRequest>;

export const createTokenRequest = z.object({
  token_name: plainText().max(64, 'must have at most 64 characters').default(''),
  /** Nanoseconds, as existing clients send it (an int64, beyond the safe integers of JSON numbers); 0 or absent: 30 days. */
  lifetime: z
    .number()
    .refine(Number.isInteger, 'must be a whole number of nanoseconds')
    .min(0)
    .max(2 ** 63 - 1, 'must fit into 64 bits')
    .default(0),
});
export type CreateTokenRequest = z.infer<typeof createTokenRequest>;
