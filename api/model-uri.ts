/** A model's URI as it is used: as written, but for the case of its scheme (R1 §2.3). Text without a scheme stays as it is. */
export function withLowerCaseScheme(uri: string): string {
  const end = uri.indexOf('://');
  return end < 0 ? uri : uri.slice(0, end).toLowerCase() + uri.slice(end);
}
