import { expect } from 'chai';
import { readTlsSettings } from '../../../cli/tls-flags.ts';

const AES = 'TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256';
const CHACHA = 'TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256';

describe('the TLS flags (R1.91, R1.92)', () => {
  it('are TLS 1.2 and HTTP/2 when none is given', () => expect(readTlsSettings({})).to.deep.equal({ minVersion: 'TLSv1.2', http2: true }));

  it('know two versions, with blanks around them', () => {
    expect(readTlsSettings({ tlsMinVersion: ' VersionTLS12 ' }).minVersion).to.equal('TLSv1.2');
    expect(readTlsSettings({ tlsMinVersion: 'VersionTLS13' }).minVersion).to.equal('TLSv1.3');
  });

  for (const version of ['VersionTLS11', 'TLS13', '1.3', 'versiontls13']) {
    it(`refuse the version ${version}`, () => expect(() => readTlsSettings({ tlsMinVersion: version })).to.throw('VersionTLS12 or VersionTLS13'));
  }

  it('translate the names of cipher suites', () => {
    expect(readTlsSettings({ tlsCipherSuites: ` ${AES} ,,${CHACHA}` })).to.deep.equal({
      minVersion: 'TLSv1.2',
      http2: true,
      ciphers: 'ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-CHACHA20-POLY1305',
    });
  });

  const wrong: [string, { tlsMinVersion?: string; tlsCipherSuites: string }, string][] = [
    ['an unknown suite', { tlsCipherSuites: `${AES},TLS_NONE` }, 'unknown cipher suite TLS_NONE'],
    ['a word that every object knows', { tlsCipherSuites: 'constructor' }, 'unknown cipher suite constructor'],
    ['nothing but commas', { tlsCipherSuites: ' , ,' }, 'names no cipher suite'],
    ['blanks', { tlsCipherSuites: ' ' }, 'names no cipher suite'],
    ['suites together with TLS 1.3', { tlsMinVersion: 'VersionTLS13', tlsCipherSuites: AES }, 'cannot be combined'],
  ];
  for (const [what, flags, text] of wrong) it(`refuse ${what}`, () => expect(() => readTlsSettings(flags)).to.throw(text));

  it('switch HTTP/2 off, unless another of them is given', () => {
    expect(readTlsSettings({ enableHttp2: false }).http2).to.equal(false);
    expect(readTlsSettings({ enableHttp2: true }).http2).to.equal(true);
    expect(readTlsSettings({ enableHttp2: false, tlsMinVersion: 'VersionTLS12' }).http2).to.equal(true);
    expect(readTlsSettings({ enableHttp2: false, tlsCipherSuites: AES }).http2).to.equal(true);
  });
});
