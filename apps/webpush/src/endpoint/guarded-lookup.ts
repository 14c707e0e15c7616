/**
 * Name resolution for sockets, which refuses names that point inside. It is what the socket itself asks, so the address that was
 * checked is the address that is dialled: a second answer of the name server (DNS rebinding) cannot come in between.
 */
import { lookup as systemLookup, type LookupAddress, type LookupAllOptions } from 'node:dns';
import type { LookupFunction } from 'node:net';
import { isPublicAddress } from './address-rules';

/** A host is, or resolves to, an address that pushes may not go to. */
export class AddressRefusedError extends Error {
  readonly code = 'address_refused';
  constructor(readonly hostname: string) {
    super(`The host ${hostname} is not on the public internet`);
  }
}

export type ResolveAll = (
  hostname: string,
  options: LookupAllOptions,
  callback: (error: NodeJS.ErrnoException | null, addresses: LookupAddress[]) => void,
) => void;

/** Refuses a name of which even one address is not public: honest push services have none such. */
export function guardedLookup(resolve: ResolveAll = systemLookup): LookupFunction {
  return (hostname, options, callback) => {
    resolve(hostname, { ...options, all: true }, (error, addresses) => {
      const [first] = addresses ?? [];
      if (error) return callback(error, '', 0);
      if (first === undefined || !addresses.every(({ address }) => isPublicAddress(address)))
        return callback(new AddressRefusedError(hostname), '', 0);
      if (options.all === true) callback(null, addresses);
      else callback(null, first.address, first.family);
    });
  };
}
