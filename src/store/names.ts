import { StoreError } from './store.js';

const part = /^[A-Za-z0-9_.=@+-]+$/;

/** Whether it can be the name of an object in every kind of store: no folder above can be reached by it. */
const isObjectPath = (name: string): boolean =>
  name.length <= 512 && name.split('/').every((each) => part.test(each) && each !== '.' && each !== '..');

/** Names can come from a manifest, which anyone can have written. @throws StoreError */
export function checkName(name: string, address: string): void {
  if (isObjectPath(name)) return;
  throw new StoreError('invalid', `${JSON.stringify(name.slice(0, 80))} cannot be the name of an object in ${address}`, 'Names have letters, digits, "_", ".", "-", "=", "@", "+", and "/" between their parts.');
}

/** The order of names in every store: that of their bytes in UTF-8, as S3 lists them. */
export const byName = (a: { readonly name: string }, b: { readonly name: string }): number => Buffer.compare(Buffer.from(a.name), Buffer.from(b.name));
