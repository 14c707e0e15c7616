/** The streams as plain HTTP, `GET /chats/{chat}/stream` and `GET /chats/watch`: handed over whole, as soon as the token and the id are good. */
import { Controller, Get, Inject, Param, Req, Res } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { STREAM_FORWARDER } from '../dependencies';
import { ApiError } from '../http/api-error';
import { chatApi } from '../http/paths';
import { uuidParam } from '../http/validate';
import type { StreamForwarder } from './stream-forwarder';

@Controller(chatApi('chats'))
export class StreamsController {
  constructor(@Inject(STREAM_FORWARDER) private readonly forwarder: StreamForwarder) {}

  @Get(':chat/stream')
  stream(
    @Param('chat', uuidParam('chat')) _chat: string,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): void {
    this.forward(request, reply);
  }

  @Get('watch')
  watch(@Req() request: FastifyRequest, @Res() reply: FastifyReply): void {
    this.forward(request, reply);
  }

  private forward(request: FastifyRequest, reply: FastifyReply): void {
    // Fastify offers HEAD wherever there is GET; a stream without a body would never end.
    if (request.method !== 'GET') {
      throw new ApiError(405, 'A stream takes GET.', { headers: { allow: 'GET, OPTIONS' } });
    }
    reply.hijack();
    this.forwarder.handleRequest(request.raw, reply.raw);
  }
}
