/** Users, organizations and tokens as clients see them. */
import type { ApiKeyProfile, OrganizationProfile, UserProfile } from '@parley/identity';

export const toUser = (user: UserProfile) => ({
  id: user.id,
  username: user.username,
  name: user.name,
  email: user.email,
  status: user.status,
  is_admin: user.isAdmin,
  organization_ids: user.organizationIds,
  created_at: user.createdAt.toISOString(),
  updated_at: user.updatedAt.toISOString(),
});

export const toOrganization = (organization: OrganizationProfile) => ({
  id: organization.id,
  name: organization.name,
  display_name: organization.displayName,
  is_default: organization.isDefault,
  created_at: organization.createdAt.toISOString(),
  updated_at: organization.updatedAt.toISOString(),
});

export const toToken = (key: ApiKeyProfile) => ({
  id: key.id,
  user_id: key.userId,
  token_name: key.tokenName,
  created_at: key.createdAt.toISOString(),
  expires_at: key.expiresAt.toISOString(),
  lifetime_seconds: Math.round((key.expiresAt.getTime() - key.createdAt.getTime()) / 1000),
});
