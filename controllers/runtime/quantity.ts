const BINARY = ['Ki', 'Mi', 'Gi', 'Ti', 'Pi', 'Ei'];
const DECIMAL: Readonly<Record<string, number>> = { n: -9, u: -6, m: -3, '': 0, k: 3, M: 6, G: 9, T: 12, P: 15, E: 18 };
const PATTERN = /^([+-]?)(\d*)(?:\.(\d*))?(?:([eE][+-]?\d+)|([A-Za-z]*))$/;

/** The amount as a whole number of 10^-`DIGITS`. */
const DIGITS = 30;

/** The exact amount of a resource quantity, scaled by 10^30; undefined when the text is no quantity. */
function amountOf(value: string | number): bigint | undefined {
  const match = PATTERN.exec(String(value));
  if (!match) return undefined;
  const [, sign = '', whole = '', fraction = '', exponent, suffix = ''] = match;
  if (whole === '' && fraction === '') return undefined;
  const binary = BINARY.indexOf(suffix);
  const power = exponent === undefined ? (binary < 0 ? DECIMAL[suffix] : 0) : Number(exponent.slice(1));
  if (power === undefined) return undefined;
  const scale = DIGITS + power - fraction.length;
  if (scale < 0 || scale > 1000) return undefined;
  const amount = BigInt(whole + fraction) * 10n ** BigInt(scale) * (binary < 0 ? 1n : 1024n ** BigInt(binary + 1));
  return sign === '-' ? -amount : amount;
}

/** Whether two resource quantities are the same amount (`1` and `1000m`, `1Gi` and `1024Mi`). */
export function sameQuantity(a: unknown, b: unknown): boolean {
  const isScalar = (v: unknown): v is string | number => typeof v === 'string' || typeof v === 'number';
  if (!isScalar(a) || !isScalar(b)) return false;
  const amount = amountOf(a);
  return amount === undefined ? a === b : amount === amountOf(b);
}
