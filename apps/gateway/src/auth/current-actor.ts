/** `@CurrentActor()` in a controller: who asks. `@Public()`: a route that needs nobody. */
import { createParamDecorator, SetMetadata, type ExecutionContext } from '@nestjs/common';
import type { Actor } from '@parley/identity';
import type { FastifyRequest } from 'fastify';
import { unauthenticated } from '../http/api-error';

export interface AuthenticatedRequest extends FastifyRequest {
  actor?: Actor;
}

export const IS_PUBLIC = 'parley:is-public';
export const Public = () => SetMetadata(IS_PUBLIC, true);

export const CurrentActor = createParamDecorator((_nothing: unknown, context: ExecutionContext): Actor => {
  const { actor } = context.switchToHttp().getRequest<AuthenticatedRequest>();
  if (actor === undefined) throw unauthenticated('Nobody is signed in.');
  return actor;
});
