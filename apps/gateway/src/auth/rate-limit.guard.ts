/** Limits what one user may ask for in a minute, and on routes marked `@LimitedByAddress()` what one address may. */
import { Inject, Injectable, SetMetadata, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { RateLimiter } from '@parley/key-value';
import { SETTINGS, type GatewaySettings } from '../dependencies';
import { tooManyRequests } from '../http/api-error';
import type { AuthenticatedRequest } from './current-actor';

const BY_ADDRESS = 'parley:limited-by-address';
export const LimitedByAddress = () => SetMetadata(BY_ADDRESS, true);

const WINDOW_MS = 60_000;

@Injectable()
export class RateLimitGuard implements CanActivate {
  constructor(
    private readonly limiter: RateLimiter,
    @Inject(SETTINGS) private readonly settings: GatewaySettings,
    private readonly reflector: Reflector,
  ) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    if (context.getType() !== 'http') return true;
    const request = context.switchToHttp().getRequest<AuthenticatedRequest>();
    const isByAddress = this.reflector.get<boolean>(BY_ADDRESS, context.getHandler());
    const { apiRateLimit, loginRateLimit } = this.settings;
    if (isByAddress) await this.limit(`address:${request.ip}`, loginRateLimit);
    else if (request.actor !== undefined) await this.limit(`user:${request.actor.userId}`, apiRateLimit);
    return true;
  }

  private async limit(who: string, perMinute: number): Promise<void> {
    if (perMinute === 0) return;
    const decision = await this.limiter.allow(who, { limit: perMinute, windowMs: WINDOW_MS });
    if (decision.allowed) return;
    throw tooManyRequests(Math.max(1, Math.ceil((decision.resetAtMs - Date.now()) / 1000)));
  }
}
