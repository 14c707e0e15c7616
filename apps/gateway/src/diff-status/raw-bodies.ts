/** Keeps the bytes of webhook bodies beside what was parsed of them: a signature is over the bytes. No other route pays for it. */
import { Readable } from 'node:stream';
import { Injectable, type OnModuleInit } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { MAX_BODY_BYTES } from '@parley/contracts';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { ApiError } from '../http/api-error';
import { api } from '../http/paths';

const WEBHOOKS = `/${api('webhooks')}/`;

@Injectable()
export class RawBodies implements OnModuleInit {
  private readonly bodies = new WeakMap<FastifyRequest, Buffer>();

  constructor(private readonly host: HttpAdapterHost) {}

  onModuleInit(): void {
    const fastify = this.host.httpAdapter.getInstance<FastifyInstance>();
    fastify.addHook('preParsing', async (request, _reply, payload) => {
      if (request.routeOptions.url?.startsWith(WEBHOOKS) !== true) return payload;
      const body = await readAll(payload);
      this.bodies.set(request, body);
      return Readable.from([body]);
    });
  }

  of(request: FastifyRequest): Buffer {
    return this.bodies.get(request) ?? Buffer.alloc(0);
  }
}

async function readAll(payload: AsyncIterable<unknown>): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of payload) {
    const part = Buffer.from(chunk as Uint8Array);
    bytes += part.byteLength;
    if (bytes > MAX_BODY_BYTES) {
      throw new ApiError(413, 'The request is too large.', {
        validations: [{ field: 'body', detail: 'has too many bytes' }],
      });
    }
    chunks.push(part);
  }
  return Buffer.concat(chunks);
}
