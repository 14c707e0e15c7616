/** The body of every error of the HTTP API. `validations` names each bad field and says what to do. */
import { z } from 'zod';

export const fieldError = z.object({ field: z.string(), detail: z.string() });
export type FieldError = z.infer<typeof fieldError>;

export const errorResponse = z.object({
  message: z.string(),
  detail: z.string().optional(),
  validations: z.array(fieldError).optional(),
});
export type ErrorResponse = z.infer<typeof errorResponse>;

/** Zod's issues as field errors, with paths written as a client writes them: `content[0].text`. */
export function toFieldErrors(error: z.ZodError): FieldError[] {
  return error.issues.flatMap((issue) => {
    if (issue.code === 'unrecognized_keys') {
      return issue.keys.map((key) => ({
        field: toFieldPath([...issue.path, key]),
        detail: 'is not a known field: remove it',
      }));
    }
    return [{ field: toFieldPath(issue.path), detail: detailOf(issue) }];
  });
}

/** What is wrong inside: "Invalid key in record" tells nobody what to change. */
function detailOf(issue: z.core.$ZodIssue): string {
  if (issue.code === 'invalid_key') return `has a bad key, which ${issue.issues[0]?.message ?? 'is refused'}`;
  return issue.message;
}

function toFieldPath(path: readonly PropertyKey[]): string {
  const joined = path.reduce<string>((text, key) => {
    if (typeof key === 'number') return `${text}[${key}]`;
    return text === '' ? String(key) : `${text}.${String(key)}`;
  }, '');
  return joined === '' ? 'body' : joined;
}
