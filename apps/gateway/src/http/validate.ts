/** Validation of bodies, queries and path parameters by the schemas of libs/contracts; every issue names its field. */
import type { PipeTransform } from '@nestjs/common';
import { toFieldErrors } from '@parley/contracts';
import { z } from 'zod';
import { invalidField, invalidFields, notFound } from './api-error';

/** `@Body(valid(schema))`, `@Query(valid(schema))`: the parsed value, or 400 with one entry for each bad field. */
export function valid<T>(schema: z.ZodType<T>): PipeTransform<unknown, T> {
  return {
    transform(value) {
      const result = schema.safeParse(value);
      if (result.success) return result.data;
      throw invalidFields(toFieldErrors(result.error));
    },
  };
}

const aUuid = z.guid();
/** What looks like a sub-path of some version of this API, rather than like a mistyped id. */
const SUB_PATH = /^[a-z][a-z-]*$/;

/**
 * `@Param('chat', uuidParam('chat'))`: the UUID in lower case. A plain word is a path that this server does not have, 404, so
 * that clients can feature-detect; anything else is a malformed id, 400.
 */
export function uuidParam(name: string): PipeTransform<string, string> {
  return {
    transform(value) {
      if (aUuid.safeParse(value).success) return value.toLowerCase();
      if (SUB_PATH.test(value)) throw notFound(`${name} or path`);
      throw invalidField(name, 'must be a UUID');
    },
  };
}

/** `@Param('context', wordParam('context', schema))`: one of the words that the schema knows; others are 404, as unknown paths are. */
export function wordParam<T>(name: string, schema: z.ZodType<T>): PipeTransform<string, T> {
  return {
    transform(value) {
      const result = schema.safeParse(value);
      if (result.success) return result.data;
      throw notFound(`${name} or path`);
    },
  };
}

/** A whole number from 1 in the path, such as the id of a message. */
export function integerParam(name: string): PipeTransform<string, number> {
  return {
    transform(value) {
      const number = Number(value);
      if (/^\d{1,16}$/.test(value) && Number.isSafeInteger(number) && number > 0) return number;
      throw invalidField(name, 'must be a whole number greater than 0');
    },
  };
}
