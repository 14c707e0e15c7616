/**
 * The schema of a tool's arguments as every provider takes it: an object with properties, and at the top no choice between schemas.
 * Schemas come from clients and servers of theirs; one that a provider refuses would take the whole conversation with it.
 */
import { isJsonObject, type JsonObject } from '../json';

/** What a choice allows is offered together; which of it goes together the tool must say when it is called. */
export function schemaForPrompt(schema: JsonObject): JsonObject & { readonly type: 'object' } {
  const { oneOf, anyOf, allOf, enum: _enum, not: _not, ...rest } = schema;
  const branches = [allOf, anyOf, oneOf].flatMap(branchesOf);
  const properties = Object.assign({}, ...branches.map(propertiesOf), propertiesOf(schema)) as JsonObject;
  const required = [rest, ...branchesOf(allOf)].flatMap(requiredOf);
  return {
    ...rest,
    type: 'object',
    properties,
    ...(required.length > 0 && { required: [...new Set(required)] }),
  };
}

const branchesOf = (choice: unknown): JsonObject[] =>
  Array.isArray(choice) ? (choice as unknown[]).filter(isJsonObject) : [];

const propertiesOf = ({ properties }: JsonObject): JsonObject => (isJsonObject(properties) ? properties : {});

const requiredOf = ({ required }: JsonObject): string[] =>
  Array.isArray(required)
    ? (required as unknown[]).filter((name): name is string => typeof name === 'string')
    : [];
