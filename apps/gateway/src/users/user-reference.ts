/** What `:user` in a path may be: `me`, an id, or a username. Others than oneself are visible to administrators only. */
import type { Actor, Identity, UserProfile } from '@parley/identity';
import { z } from 'zod';
import { notFound } from '../http/api-error';

const aUuid = z.guid();
const USERNAME = /^[a-zA-Z0-9-]{1,32}$/;

/** The id, without a look at the database when it is one's own. @throws ApiError 404 */
export async function resolveUserId(identity: Identity, actor: Actor, reference: string): Promise<string> {
  if (isSelf(actor, reference)) return actor.userId;
  return (await findOther(identity, actor, reference)).id;
}

/** @throws ApiError 404 */
export async function resolveUser(identity: Identity, actor: Actor, reference: string): Promise<UserProfile> {
  if (!isSelf(actor, reference)) return findOther(identity, actor, reference);
  const self = await identity.findUser({ id: actor.userId });
  if (self === null) throw notFound('user');
  return self;
}

function isSelf(actor: Actor, reference: string): boolean {
  const name = reference.toLowerCase();
  return name === 'me' || name === actor.userId || name === actor.username.toLowerCase();
}

async function findOther(identity: Identity, actor: Actor, reference: string): Promise<UserProfile> {
  if (!actor.isAdmin) throw notFound('user');
  const isId = aUuid.safeParse(reference).success;
  if (!isId && !USERNAME.test(reference)) throw notFound('user');
  const user = await identity.findUser(isId ? { id: reference } : { username: reference });
  if (user === null) throw notFound('user');
  return user;
}
