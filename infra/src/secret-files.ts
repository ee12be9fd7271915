import { readFileSync, statSync } from 'node:fs'

/**
 * Settings that are secret, or part of a secret. Each may be given by the path of a file that has it: `ENCRYPTION_KEY_FILE`, as secrets
 * of Docker and Kubernetes are.
 */
export const SECRET_KEYS = [
  'DATABASE_URL',
  'DATABASE_URL_INGEST',
  'DATABASE_URL_PROCESSOR',
  'DATABASE_URL_QUERY',
  'NATS_URL',
  'NATS_URL_INGEST',
  'NATS_URL_PROCESSOR',
  'NATS_URL_QUERY',
  'NATS_CA',
  'NATS_CREDS',
  'NATS_NKEY',
  'S3_ACCESS_KEY_ID',
  'S3_SECRET_ACCESS_KEY',
  'INTERNAL_API_SECRET',
  'ADMIN_VERIFIER',
  'ENCRYPTION_KEY',
  'GATEWAY_SECRET',
  'OPENAI_API_KEY',
  'GEMINI_API_KEY',
  'FAL_KEY',
  'REPLICATE_API_TOKEN',
  'BFL_API_KEY',
  'IDEOGRAM_API_KEY',
  'STABILITY_API_KEY',
  'RUNWAYML_API_SECRET',
  'OPENAI_COMPATIBLE_KEY',
  'COMFYUI_KEY',
  'A1111_KEY',
  'SDCPP_KEY',
] as const

type Environment = Record<string, string | undefined>

/** Far above a certificate authority's bundle. */
const MAX_BYTES = 1024 * 1024

/** Returns the name of the setting that is the path of a secret's file. */
export function fileKey(key: string): string {
  return `${key}_FILE`
}

/** Returns whether a setting may be given by the path of a file. */
export function isSecretKey(key: string): boolean {
  return SECRET_KEYS.some(secret => secret === key)
}

/**
 * Returns the environment with the secrets that are in files. White space around a secret is removed: editors end a file with a new line.
 *
 * @param onProblem called with the key and a sentence for each file that cannot be used
 */
export function readSecretFiles(env: Environment, onProblem: (key: string, sentence: string) => void): Environment {
  const read = SECRET_KEYS.flatMap(key => {
    const path = env[fileKey(key)]?.trim()
    if (!path) return []
    if (env[key]?.trim()) {
      onProblem(fileKey(key), `is given as well as ${key}: one of them is enough`)
      return []
    }
    const secret = readSecret(path)
    if (secret === undefined)
      onProblem(fileKey(key), 'names a file that cannot be read, is empty, or is larger than 1 MB')
    return secret === undefined ? [] : [[key, secret] as const]
  })
  return { ...env, ...Object.fromEntries(read) }
}

function readSecret(path: string): string | undefined {
  try {
    const stats = statSync(path)
    // A pipe would be waited for.
    return !stats.isFile() || stats.size > MAX_BYTES ? undefined : readFileSync(path, 'utf8').trim() || undefined
  } catch {
    return undefined
  }
}
