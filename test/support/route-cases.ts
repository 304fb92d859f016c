/** Managed routes that the schema accepts and refuses: the rules of the Gateway API's HTTPRoute (R1 §2.8). Part of structure-cases.ts. */

type Filter = Readonly<Record<string, unknown>>;
type Accepted = readonly [title: string, spec: unknown];
type Refused = readonly [title: string, spec: unknown, errors: string | readonly string[]];

const RULE = 'spec.router.route.http.spec.rules[0]';

/** A managed route with one rule. */
export const route = (rule: unknown) => ({ router: { route: { http: { spec: { rules: [rule] } } } } });

const BACKEND = { name: 'a', port: 80 };
const EXTERNAL = { protocol: 'HTTP', http: {}, backendRef: BACKEND };

/** A filter of each type, with the field that holds its content. */
const FILTERS: Readonly<Record<string, Filter>> = {
  CORS: { cors: { allowOrigins: ['https://a.example.com'], allowHeaders: ['*'], allowMethods: ['GET'] } },
  RequestHeaderModifier: { requestHeaderModifier: { set: [{ name: 'a', value: 'b' }] } },
  ResponseHeaderModifier: { responseHeaderModifier: { remove: ['a'] } },
  RequestMirror: { requestMirror: { backendRef: BACKEND, fraction: { numerator: 1 } } },
  RequestRedirect: { requestRedirect: { path: { type: 'ReplaceFullPath', replaceFullPath: '/' } } },
  URLRewrite: { urlRewrite: { path: { type: 'ReplacePrefixMatch', replacePrefixMatch: '/' } } },
  ExtensionRef: { extensionRef: { group: 'a.example.com', kind: 'Limit', name: 'a' } },
};
const filter = (type: string, more: Filter = {}): Filter => ({ type, ...FILTERS[type], ...more });
const fieldOf = (type: string): string => Object.keys(FILTERS[type] ?? {})[0] ?? '';

const pathOf = (type: string, path: Filter): Filter => ({ type, [fieldOf(type)]: { path } });
const authenticated = (more: Filter): Filter => filter('RequestHeaderModifier', { externalAuth: { ...EXTERNAL, ...more } });

/** Lists of filters, with the errors below the path of the list. */
const wrongFilters: readonly (readonly [title: string, filters: readonly Filter[], errors: readonly string[]])[] = [
  ...Object.keys(FILTERS).flatMap((type) => {
    const other = type === 'RequestHeaderModifier' ? 'ResponseHeaderModifier' : 'RequestHeaderModifier';
    return [
      [`${type} without content`, [{ type }], [`[0]: filter.${fieldOf(type)} must be specified for ${type} filter.type`]],
      [
        `content of ${type} in another`,
        [filter(other, FILTERS[type])],
        [`[0]: filter.${fieldOf(type)} must be nil if the filter.type is not ${type}`],
      ],
    ] as const;
  }),
  ...['CORS', 'RequestHeaderModifier', 'ResponseHeaderModifier', 'RequestRedirect', 'URLRewrite'].map(
    (type) => [`${type} twice`, [filter(type), filter(type)], [`: ${type} filter cannot be repeated`]] as const,
  ),
  [
    'a redirect next to a rewrite',
    [filter('RequestRedirect'), filter('URLRewrite')],
    [': May specify either httpRouteFilterRequestRedirect or httpRouteFilterRequestRewrite, but not both'],
  ],
  ...(
    [
      ['allowHeaders', 'AllowHeaders', 'methods', 'a'],
      ['allowMethods', 'AllowMethods', 'methods', 'GET'],
      ['allowOrigins', 'AllowOrigins', 'origins', 'https://a.example.com'],
    ] as const
  ).map(
    ([field, name, what, one]) =>
      [
        `* next to another in ${field}`,
        [{ type: 'CORS', cors: { [field]: ['*', one] } }],
        [`[0].cors.${field}: ${name} cannot contain '*' alongside other ${what}`],
      ] as const,
  ),
  ...['RequestRedirect', 'URLRewrite'].flatMap((type) => {
    const at = `[0].${fieldOf(type)}.path`;
    return [
      [
        `${type} of a full path without it`,
        [pathOf(type, { type: 'ReplaceFullPath' })],
        [`${at}: replaceFullPath must be specified when type is set to 'ReplaceFullPath'`],
      ],
      [
        `${type} of a prefix with a full path`,
        [pathOf(type, { type: 'ReplacePrefixMatch', replacePrefixMatch: '/', replaceFullPath: '/' })],
        [`${at}: type must be 'ReplaceFullPath' when replaceFullPath is set`],
      ],
      [
        `${type} of a prefix without it`,
        [pathOf(type, { type: 'ReplacePrefixMatch' })],
        [`${at}: replacePrefixMatch must be specified when type is set to 'ReplacePrefixMatch'`],
      ],
      [
        `${type} of a full path with a prefix`,
        [pathOf(type, { type: 'ReplaceFullPath', replaceFullPath: '/', replacePrefixMatch: '/' })],
        [`${at}: type must be 'ReplacePrefixMatch' when replacePrefixMatch is set`],
      ],
    ] as const;
  }),
  [
    'a mirror without port',
    [{ type: 'RequestMirror', requestMirror: { backendRef: { name: 'a' } } }],
    ['[0].requestMirror.backendRef: Must have port for Service reference'],
  ],
  [
    'a mirror with a percentage and a fraction above one',
    [{ type: 'RequestMirror', requestMirror: { backendRef: BACKEND, percent: 5, fraction: { numerator: 101 } } }],
    [
      '[0].requestMirror: Only one of percent or fraction may be specified in HTTPRequestMirrorFilter',
      '[0].requestMirror.fraction: numerator must be less than or equal to denominator',
    ],
  ],
  [
    'GRPC without its settings, with those of HTTP',
    [authenticated({ protocol: 'GRPC' })],
    ["[0].externalAuth: grpc must be specified when protocol is set to 'GRPC'", "[0].externalAuth: protocol must be 'HTTP' when http is set"],
  ],
  [
    'HTTP without its settings, with those of GRPC',
    [authenticated({ http: undefined, grpc: {} })],
    ["[0].externalAuth: http must be specified when protocol is set to 'HTTP'", "[0].externalAuth: protocol must be 'GRPC' when grpc is set"],
  ],
  [
    'an authorizer without port',
    [authenticated({ backendRef: { name: 'a' } })],
    ['[0].externalAuth.backendRef: Must have port for Service reference'],
  ],
];

/** An error of a rule. */
const violation = (at: string, error: string): string => `${at}${error.replace(': ', ': Invalid value: ')}`;

const wrongPath = (value: string, text: string): Refused => [
  `the path ${value}`,
  route({ matches: [{ path: { value } }] }),
  `${RULE}.matches[0].path: Invalid value: must not ${text} when type one of ['Exact', 'PathPrefix']`,
];

const EXACT = [{ path: { type: 'Exact', value: '/a' } }];
const NEEDS_PREFIX = 'filter with path.replacePrefixMatch, exactly one PathPrefix match must be specified';
const prefixOf = (type: string): Filter => pathOf(type, { type: 'ReplacePrefixMatch', replacePrefixMatch: '/' });

export const refusedRoutes: readonly Refused[] = [
  ...wrongFilters.flatMap(([title, filters, errors]): Refused[] => [
    [title, route({ filters }), errors.map((error) => violation(`${RULE}.filters`, error))],
    [
      `${title}, for a backend`,
      route({ backendRefs: [{ ...BACKEND, filters }] }),
      errors.map((error) => violation(`${RULE}.backendRefs[0].filters`, error)),
    ],
  ]),
  ...['RequestRedirect', 'URLRewrite'].flatMap((type): Refused[] => [
    [
      `${type} of a prefix that is none`,
      route({ matches: EXACT, filters: [prefixOf(type)] }),
      `${RULE}: Invalid value: When using ${type} ${NEEDS_PREFIX}`,
    ],
    [
      `${type} of a prefix that is none, for a backend`,
      route({ matches: EXACT, backendRefs: [{ ...BACKEND, filters: [prefixOf(type)] }] }),
      `${RULE}: Invalid value: Within backendRefs, ${type === 'URLRewrite' ? 'When' : 'when'} using ${type} ${NEEDS_PREFIX}`,
    ],
  ]),
  wrongPath('/a//b', "contain '//'"),
  wrongPath('/a/./b', "contain '/./'"),
  wrongPath('/a/../b', "contain '/../'"),
  wrongPath('/a%2fb', "contain '%2f'"),
  wrongPath('/a%2Fb', "contain '%2F'"),
  wrongPath('/a/..', "end with '/..'"),
  wrongPath('/a/.', "end with '/.'"),
  [
    'a cookie for a session by header',
    route({ sessionPersistence: { type: 'Header', cookieConfig: { lifetimeType: 'Session' } } }),
    `${RULE}.sessionPersistence: Invalid value: cookieConfig can only be set with type Cookie`,
  ],
];

const everyFilter = (...but: readonly string[]): Filter[] =>
  Object.keys(FILTERS)
    .filter((type) => !but.includes(type))
    .map((type) => filter(type));

export const acceptedRoutes: readonly Accepted[] = [
  [
    'filters of every type but a redirect',
    route({ filters: everyFilter('RequestRedirect'), backendRefs: [{ ...BACKEND, filters: everyFilter('RequestRedirect') }] }),
  ],
  ['a redirect', route({ filters: everyFilter('URLRewrite') })],
  ['a redirect by a backend', route({ backendRefs: [{ ...BACKEND, filters: everyFilter('URLRewrite') }] })],
  ['an authorizer', route({ filters: [authenticated({})], backendRefs: [{ ...BACKEND, filters: [authenticated({})] }] })],
  [
    'a permanent session with its end',
    route({ sessionPersistence: { type: 'Cookie', absoluteTimeout: '1h', cookieConfig: { lifetimeType: 'Permanent' } } }),
  ],
];
