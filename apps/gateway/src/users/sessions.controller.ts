/** Logging in and out, and keeping a session in a cookie. */
import { Body, Controller, HttpCode, Post, Req, Res } from '@nestjs/common';
import { loginRequest, type LoginRequest } from '@parley/contracts';
import { Identity, type Actor } from '@parley/identity';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { readCredentials, sessionCookie } from '../auth/credentials';
import { CurrentActor, Public } from '../auth/current-actor';
import { LimitedByAddress } from '../auth/rate-limit.guard';
import { api } from '../http/paths';
import { valid } from '../http/validate';

const YEAR_SECONDS = 365 * 24 * 3600;

@Controller(api('users'))
export class SessionsController {
  constructor(private readonly identity: Identity) {}

  @Post('login')
  @Public()
  @LimitedByAddress()
  async login(@Body(valid(loginRequest)) body: LoginRequest) {
    const { token } = await this.identity.login(body);
    return { session_token: token };
  }

  @Post('logout')
  @HttpCode(200)
  async logout(
    @CurrentActor() actor: Actor,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    await this.identity.revoke({ id: actor.apiKeyId, userId: actor.userId });
    reply.header('set-cookie', sessionCookie('', { isSecure: isSecure(request), maxAgeSeconds: 0 }));
    return { message: 'Logged out.' };
  }

  /** For a page that holds a token: it goes on without one that scripts could read. */
  @Post('me/session/token-to-cookie')
  @HttpCode(204)
  tokenToCookie(@Req() request: FastifyRequest, @Res({ passthrough: true }) reply: FastifyReply): void {
    const token = readCredentials(request.headers)?.token ?? '';
    const cookie = sessionCookie(token, { isSecure: isSecure(request), maxAgeSeconds: YEAR_SECONDS });
    reply.header('set-cookie', cookie);
  }
}

const isSecure = (request: FastifyRequest): boolean => request.protocol === 'https';
