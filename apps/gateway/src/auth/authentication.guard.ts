/**
 * Lets nobody in who is not authenticated, on every route under `/api/` that is not marked public. Costs no statement for a token
 * seen in the last seconds. A cookie alone changes nothing unless our own pages sent it.
 */
import { Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { Identity } from '@parley/identity';
import { forbidden, unauthenticated } from '../http/api-error';
import { readCredentials } from './credentials';
import { IS_PUBLIC, type AuthenticatedRequest } from './current-actor';
import { isFromOurPages } from './same-origin';

@Injectable()
export class AuthenticationGuard implements CanActivate {
  constructor(
    private readonly identity: Identity,
    private readonly reflector: Reflector,
  ) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    if (context.getType() !== 'http') return true;
    const request = context.switchToHttp().getRequest<AuthenticatedRequest>();
    if (request.routeOptions.url?.startsWith('/api/') !== true) return true;
    if (this.reflector.get<boolean>(IS_PUBLIC, context.getHandler())) return true;

    const credentials = readCredentials(request.headers);
    if (credentials === null) throw unauthenticated('No token was sent.');
    const actor = await this.identity.authenticate(credentials.token);
    if (actor === null) throw unauthenticated('The token is unknown, expired or revoked.');
    if (credentials.isCookie && !isFromOurPages(request)) {
      throw forbidden(
        'A request with a session cookie must come from this site: send the token in the Coder-Session-Token header.',
      );
    }
    request.actor = actor;
    return true;
  }
}
