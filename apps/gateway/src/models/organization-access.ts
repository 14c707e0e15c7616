/** Who may see what belongs to an organization, and who may change it: its members, and administrators. */
import type { Actor, Identity } from '@parley/identity';
import { forbidden, notFound } from '../http/api-error';

/** Administrators see every organization that exists. @throws ApiError 404 */
export async function assertMaySeeOrganization(
  identity: Identity,
  actor: Actor,
  organizationId: string,
): Promise<void> {
  if (actor.organizationIds.includes(organizationId)) return;
  const all = actor.isAdmin ? await identity.listOrganizations() : [];
  if (!all.some(({ id }) => id === organizationId)) throw notFound('organization');
}

/** @throws ApiError 404, or 403 for members who are no administrators */
export async function assertMayConfigureOrganization(
  identity: Identity,
  actor: Actor,
  organizationId: string,
): Promise<void> {
  await assertMaySeeOrganization(identity, actor, organizationId);
  if (!actor.isAdmin) throw forbidden('Only administrators configure the models of an organization.');
}
