/** The variables of an environment, by their names. */
export type Environment = Record<string, string | undefined>

/** Variables that every program may need: where things are, which language and time zone. None is a secret. */
const BASE_VARIABLES = [
  'PATH',
  'HOME',
  'USER',
  'LANG',
  'LC_ALL',
  'LC_CTYPE',
  'TZ',
  'TMPDIR',
  'TERM',
  'NO_COLOR',
  'LD_LIBRARY_PATH',
  'XDG_CACHE_HOME',
] as const

/** Variables without which a program may not load its libraries, or has no room for its files. */
const SYSTEM_VARIABLES = ['LD_LIBRARY_PATH', 'DYLD_LIBRARY_PATH', 'TMPDIR', 'SystemRoot'] as const

/** Variables by which a program finds its way through a network. */
const NETWORK_VARIABLES = [
  'HTTP_PROXY',
  'HTTPS_PROXY',
  'NO_PROXY',
  'http_proxy',
  'https_proxy',
  'no_proxy',
  'NODE_EXTRA_CA_CERTS',
  'SSL_CERT_FILE',
  'SSL_CERT_DIR',
] as const

/** Variables by which a package manager finds the registry and the settings of the user. */
const REGISTRY_VARIABLES = [
  'BUN_CONFIG_REGISTRY',
  'NPM_CONFIG_REGISTRY',
  'npm_config_registry',
  'NPM_CONFIG_USERCONFIG',
  'npm_config_userconfig',
  'XDG_CONFIG_HOME',
  'BUN_INSTALL_CACHE_DIR',
] as const

/** Selects the variables of an environment that any program is given: none of the studio's settings. */
export function selectBaseEnvironment(env: Environment): Record<string, string> {
  return selectVariables([...BASE_VARIABLES, ...NETWORK_VARIABLES], env)
}

/** Selects the variables by which packages are installed as the user has configured it. */
export function selectRegistryEnvironment(env: Environment): Record<string, string> {
  return selectVariables(REGISTRY_VARIABLES, env)
}

/** Selects the variables without which a program may not load its libraries. None of them is a setting. */
export function selectSystemEnvironment(env: Environment): Record<string, string> {
  return selectVariables(SYSTEM_VARIABLES, env)
}

/** Selects variables of an environment by their names. One that is not set stays absent. */
export function selectVariables(names: readonly string[], env: Environment): Record<string, string> {
  return Object.fromEntries(
    names.flatMap(name => {
      const value = env[name]
      return value === undefined ? [] : [[name, value]]
    }),
  )
}
