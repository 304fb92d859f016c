/** Where a host can be reached from: inside the cluster, inside the network, or anywhere (R5.65, R5.66). */
export type Reach = 'cluster' | 'internal' | 'external';

/**
 * Classifies the host of a URL, an address or a name without port and brackets (R5.65). Addresses that nobody outside can
 * route to count as internal too: loopback, link-local and shared address space (B5.15).
 */
export function reachOf(host: string, clusterDomain: string): Reach {
  const name = host.toLowerCase();
  const domain = clusterDomain.toLowerCase();
  if (name === domain || name.endsWith(`.${domain}`)) return 'cluster';
  const local = name === 'localhost' || ['.local', '.localhost', '.internal'].some((suffix) => name.endsWith(suffix));
  return local || isPrivateAddress(name) ? 'internal' : 'external';
}

function isPrivateAddress(host: string): boolean {
  const [, mapped] = /^::ffff:([\d.]+)$/.exec(host) ?? [];
  return isPrivateIPv4(mapped ?? host) || /^f[cd][\da-f]{2}:/.test(host) || /^fe[89ab][\da-f]:/.test(host) || host === '::1';
}

function isPrivateIPv4(host: string): boolean {
  const octets = host.split('.').map((octet) => (/^\d{1,3}$/.test(octet) ? Number(octet) : Number.NaN));
  const [a = Number.NaN, b = Number.NaN] = octets;
  if (octets.length !== 4 || octets.some((octet) => !(octet <= 255))) return false;
  return (
    a === 10 ||
    a === 127 ||
    (a === 172 && b >= 16 && b <= 31) ||
    (a === 192 && b === 168) ||
    (a === 169 && b === 254) ||
    (a === 100 && b >= 64 && b <= 127)
  );
}
