import { BadRequestException } from '@nestjs/common';
import { ApiError } from './api-error';
import { toErrorReply } from './error-reply';

const withCode = (code: string, message = 'x') => Object.assign(new Error(message), { code });

describe('error replies', () => {
  test('a database that is away, restarting or overloaded is 503 with Retry-After', () => {
    for (const error of [
      withCode('ECONNREFUSED'),
      withCode('57P01'),
      withCode('53300'),
      withCode('57014'),
      withCode('40P01'),
      new Error('Query read timeout'),
      new Error('timeout exceeded when trying to connect'),
      new Error('query failed', { cause: withCode('ECONNRESET') }),
    ]) {
      expect(toErrorReply(error)).toMatchObject({
        status: 503,
        headers: { 'retry-after': '1' },
        isUnexpected: false,
      });
    }
  });

  test('what nobody foresaw is 500, and nothing of it reaches the client', () => {
    for (const error of [
      new Error('password is hunter2'),
      withCode('42703'),
      'hunter2',
      undefined,
      { status: 200 },
    ]) {
      const reply = toErrorReply(error);
      expect(reply).toMatchObject({ status: 500, isUnexpected: true });
      expect(JSON.stringify(reply.body)).not.toContain('hunter2');
    }
  });

  test('a key that another request took in between is 409', () => {
    expect(toErrorReply(withCode('23505'))).toMatchObject({ status: 409, isUnexpected: false });
  });

  test('our own refusals keep their status, detail, fields and headers', () => {
    const error = new ApiError(409, 'no', { detail: 'because', validations: [{ field: 'f', detail: 'd' }] });
    expect(toErrorReply(error)).toMatchObject({
      status: 409,
      body: { message: 'no', detail: 'because', validations: [{ field: 'f', detail: 'd' }] },
    });
    expect(toErrorReply(new BadRequestException('bad'))).toMatchObject({
      status: 400,
      body: { message: 'bad' },
    });
  });

  test('an error with a field names it', () => {
    const error = Object.assign(withCode('user_exists', 'taken'), { field: 'email' });
    expect(toErrorReply(error)).toMatchObject({
      status: 409,
      body: { message: 'taken', validations: [{ field: 'email', detail: 'taken' }] },
    });
  });
});
