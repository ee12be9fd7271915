/** A secret in every spelling in which a server may send it back: as it is, in JSON, in a URL, in base64. */
export type SecretPatterns = readonly RegExp[]

/** Shortest text that counts as a secret: a shorter one would be found everywhere. */
const MIN_SECRET_CHARACTERS = 4
const MARK = '<key>'
/** Headers that carry a key, a session, or the name of an account. */
const SECRET_HEADERS =
  /^(?:proxy-)?authorization$|cookie|api-?key|^x-key$|token$|secret|signature|^openai-(?:organization|project)$/i
/** Values that are named as secrets, in JSON, in a URL, or in words. */
const NAMED = [
  /("(?:api[-_]?key|authorization|(?:access|refresh|id|auth)[-_]?token|(?:client[-_]?)?secret|password)"\s*:\s*)"(?:[^"\\]|\\.)*"/gi,
  /([?&;](?:api[-_]?key|key|token|access_token|sig|signature|x-amz-[a-z-]+)=)[^&\s"'<>#]+/gi,
  /(\bbearer\s)[\w+/=.~-]{4,}/gi,
  /(:\/\/)[^\s/@"']+@/g,
] as const
/** Looks like a key: its prefix is that of one, or stars hide its middle. */
const PREFIXED = /\b(?:sk|pk|rk|r8|xai|tgp|hf|gsk)[-_][\w*.…-]{3,}[\w*…-]|\b[\w-]{0,40}\*{3,}[\w-]{0,40}/g
/** May be a key or the identifier of an account. */
const CANDIDATE = /\b(?:key|org|proj|user|req)[-_][\w-]{6,}|[\w+/-]{32,}={0,2}/g
/** A part of a name such as `stable-diffusion-3-5-large-turbo`, of words and small numbers. */
const WORD = /^[a-z]{0,16}\d{0,4}[a-z]{0,8}$/i

/** Creates the patterns of secrets, the longest first. */
export function createSecretPatterns(secrets: readonly string[]): SecretPatterns {
  const spellings = secrets.filter(secret => secret.length >= MIN_SECRET_CHARACTERS).flatMap(spell)
  const sorted = [...new Set(spellings)].toSorted((a, b) => b.length - a.length)
  return sorted.map(text => new RegExp(RegExp.escape(text), 'gi'))
}

/** Names of classes, such as `ImageOnlyCheckpointLoader`. */
const CLASS_NAME = /^(?:[A-Z][a-z]{1,20}){2,12}$/

/** Replaces secrets, and whatever looks like a key, in a text. */
export function redact(text: string, patterns: SecretPatterns): string {
  return replaceLikely(replaceKnown(text, patterns))
}

/** Replaces secrets in a URL. What looks like a key is looked for in each part by itself: several together may look like one. */
export function redactUrl(url: string, patterns: SecretPatterns): string {
  return replaceKnown(url, patterns).split('/').map(replaceLikely).join('/')
}

/** Returns headers without the values that may be secrets. */
export function redactHeaders(headers: Headers, patterns: SecretPatterns): Record<string, string> {
  const safe = [...headers].filter(([name]) => !SECRET_HEADERS.test(name))
  return Object.fromEntries(safe.map(([name, value]) => [name, redact(value, patterns)]))
}

function replaceKnown(text: string, patterns: SecretPatterns): string {
  const withoutSecrets = patterns.reduce((rest, pattern) => rest.replace(pattern, MARK), text)
  return NAMED.reduce((rest, pattern) => rest.replace(pattern, replaceNamed), withoutSecrets)
}

function replaceLikely(text: string): string {
  return text.replace(PREFIXED, MARK).replace(CANDIDATE, match => (isName(match) ? match : MARK))
}

/** Returns whether a text is made of words. They are looked at one by one: a pattern for all of them tries each split of each. */
function isName(text: string): boolean {
  return CLASS_NAME.test(text) || text.split(/[-_/]/).every(part => WORD.test(part))
}

function replaceNamed(match: string, name: string): string {
  if (name === '://') return `${name}${MARK}@`
  return match.endsWith('"') ? `${name}"${MARK}"` : `${name}${MARK}`
}

function spell(secret: string): string[] {
  const json = JSON.stringify(secret).slice(1, -1)
  const [base64, base64Url] = [Buffer.from(secret).toString('base64'), Buffer.from(secret).toString('base64url')]
  return [secret, json, json.replaceAll('/', '\\/'), encodeURIComponent(secret), base64, base64Url]
}
