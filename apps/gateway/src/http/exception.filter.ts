/** The only exception filter: every error of every route leaves through it. */
import { Catch, Inject, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { LOGGER, type GatewayLogger } from '../dependencies';
import { toErrorReply } from './error-reply';

@Catch()
export class ApiExceptionFilter implements ExceptionFilter {
  constructor(@Inject(LOGGER) private readonly logger: GatewayLogger) {}

  catch(error: unknown, host: ArgumentsHost): void {
    const http = host.switchToHttp();
    const request = http.getRequest<FastifyRequest>();
    const response = http.getResponse<FastifyReply>();
    const { status, headers, body, isUnexpected } = toErrorReply(error);
    const route = request.routeOptions.url ?? 'none';
    if (isUnexpected) this.logger.error({ err: error, method: request.method, route }, 'request failed');
    else if (status === 503)
      this.logger.warn({ err: error, method: request.method, route }, 'request refused');
    if (response.sent) return;
    void response.status(status).headers(headers).send(body);
  }
}
