import { Catch, type RpcExceptionFilter } from '@nestjs/common';
import { throwError, type Observable } from 'rxjs';

/** Hands on what a handler threw as it is: the bus logs it and, for jobs and requests, says it; Nest's own filter would hide it. */
@Catch()
export class BusExceptionFilter implements RpcExceptionFilter {
  catch(exception: unknown): Observable<never> {
    return throwError(() => exception);
  }
}
