const alphabet = 'qpzry9x8gf2tvdw0s3jn54khce6mua7l';
const generators = [0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd, 0x2a1462b3];

function polymod(values: readonly number[]): number {
  let check = 1;
  for (const value of values) {
    const top = check >>> 25;
    check = ((check & 0x1ffffff) << 5) ^ value;
    generators.forEach((generator, index) => { if ((top >>> index) & 1) check ^= generator; });
  }
  return check;
}

/**
 * Whether the checksum of a Bech32 text is right, which finds every typing error of up to four characters. All in lower case.
 * https://github.com/bitcoin/bips/blob/master/bip-0173.mediawiki
 */
export function isBech32(text: string): boolean {
  const one = text.lastIndexOf('1');
  const [prefix, data] = [text.slice(0, one), [...text.slice(one + 1)].map((letter) => alphabet.indexOf(letter))];
  if (one < 1 || data.length < 6 || data.includes(-1)) return false;
  const codes = [...prefix].map((letter) => letter.charCodeAt(0));
  return polymod([...codes.map((code) => code >>> 5), 0, ...codes.map((code) => code & 31), ...data]) === 1;
}
