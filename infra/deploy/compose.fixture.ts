import { join } from 'node:path'
import { ROOT } from '../local/root.ts'

/** The services and volumes of compose files that are used together. */
export interface ComposeProject {
  services: Record<string, ComposeMap>
  volumes: Record<string, unknown>
}
export type ComposeMap = Record<string, unknown>

/** Reads compose files, the later ones over the earlier ones, as Compose merges them. @see https://docs.docker.com/reference/compose-file/merge/ */
export async function readComposeProject(files: readonly string[]): Promise<ComposeProject> {
  const projects = await Promise.all(files.map(readComposeFile))
  const merged = projects.reduce((base, over) => mergeMaps(base, resolveExtends(over, base)), {})
  return merged as unknown as ComposeProject
}

/** Replaces the variables of a text, as Compose does. @throws Error for one that is required and missing */
export function interpolate(text: string, values: Readonly<Record<string, string>>): string {
  return text.replace(/\$\{(\w+)(?::([-?])([^}]*))?\}/g, (_, name: string, kind: string | undefined, rest: string) => {
    const value = values[name]
    if (value === undefined && kind !== '-') throw new Error(`${name} is missing`)
    return value || (kind === '-' ? rest : '')
  })
}

async function readComposeFile(file: string): Promise<ComposeMap> {
  return Bun.YAML.parse(await Bun.file(join(ROOT, file)).text()) as ComposeMap
}

/** Resolves the services of `over` that extend one of the base file: they are that one with their own keys. */
function resolveExtends(over: ComposeMap, base: ComposeMap): ComposeMap {
  const services = Object.entries((over.services ?? {}) as Record<string, ComposeMap>).map(([name, service]) => {
    const { extends: extended, ...own } = service
    if (extended === undefined) return [name, service]
    const from = (base.services as Record<string, ComposeMap>)[(extended as { service: string }).service]
    if (!from) throw new Error(`${name} extends a service that is not there`)
    return [name, mergeMaps(from, own)]
  })
  return { ...over, services: Object.fromEntries(services) }
}

function mergeMaps(base: ComposeMap, over: ComposeMap): ComposeMap {
  const keys = new Set([...Object.keys(base), ...Object.keys(over)])
  return Object.fromEntries([...keys].map(key => [key, mergeValues(key, base[key], over[key])]))
}

function mergeValues(key: string, base: unknown, over: unknown): unknown {
  if (over === undefined) return base
  if (base === undefined || base === null || key === 'command') return over
  if (key === 'volumes' && Array.isArray(base) && Array.isArray(over)) return mergeByTarget(base, over)
  if (Array.isArray(base) && Array.isArray(over)) return [...base, ...over]
  return typeof base === 'object' && typeof over === 'object' ? mergeMaps(base as ComposeMap, over as ComposeMap) : over
}

/** Merges volumes: one takes the place of another that is mounted at the same path. */
function mergeByTarget(base: string[], over: string[]): string[] {
  const targetOf = (volume: string) => volume.split(':')[1] ?? volume
  return [...new Map([...base, ...over].map(volume => [targetOf(volume), volume])).values()]
}
