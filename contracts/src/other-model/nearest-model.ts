import type { Generation } from '../generation.ts'
import type { InputRole, Model } from '../model.ts'
import { countInputs, resolveInputRole } from '../model-fields.ts'
import { isVerb, supportsVerb } from '../verbs.ts'

/** States of a connection in which a submission would only wait. A short limit is none of them. */
const BROKEN_STATES = ['wrong-key', 'no-permission', 'no-credit', 'unreachable', 'failing', 'not-served']

/** The work that another model must be able to do. */
export interface WantedWork {
  kind: Model['kind']
  prompt: string
  /** Roles of the input images. */
  roles: readonly InputRole[]
  /** The way in which it goes on from another output, if it does. */
  verb?: string | undefined
}

/** Returns what a generation wants of a model. */
export function toWantedWork({ kind, prompt, references, parent }: Generation): WantedWork {
  return { kind, prompt, roles: references.map(({ role }) => role ?? 'reference'), verb: parent?.verb }
}

/** Returns whether the connection of a model works, as far as it is known. */
export function isUsable({ connectionState }: Pick<Model, 'connectionState'>): boolean {
  return !BROKEN_STATES.includes(connectionState ?? 'ok')
}

/** Returns whether a model takes everything that is wanted of it: kind, prompt, images and verb. */
export function canMake(model: Model, { kind, prompt, roles, verb }: WantedWork): boolean {
  if (model.kind !== kind || prompt.length > model.promptCharacters) return false
  if (verb !== undefined && isVerb(verb) && !supportsVerb(model, verb)) return false
  if (roles.length === 0 && !model.operations.includes('generate')) return false
  const counts = new Map<InputRole, number>()
  for (const role of roles.map(role => resolveInputRole(model, role))) counts.set(role, (counts.get(role) ?? 0) + 1)
  const takesAll = [...counts].every(([role, count]) => count <= countMost(model, role))
  return takesAll && model.inputs.every(({ role, min }) => (counts.get(role) ?? 0) >= min)
}

/** A model by what is known of it: of one that is gone, its id alone. */
export interface KnownModel extends Pick<Model, 'id'>, Partial<Pick<Model, 'name' | 'connection'>> {}

/**
 * Orders models by their likeness to another one, the most similar first: by the words of their names, of which the same family at
 * another connection shares the most; then those of the same connection.
 */
export function orderByLikeness(models: readonly Model[], wanted: KnownModel): Model[] {
  const words = listWords(wanted)
  const connection = wanted.connection ?? wanted.id.split('/')[0]
  const likeness = new Map(models.map(model => [model.id, computeLikeness(words, listWords(model))]))
  const rank = (model: Model) => (likeness.get(model.id) ?? 0) + (model.connection === connection ? SAME_CONNECTION : 0)
  return models.toSorted((a, b) => rank(b) - rank(a))
}

/** Decides between models whose names are alike: less than a word does. */
const SAME_CONNECTION = 0.05

function countMost(model: Model, role: InputRole): number {
  return role === 'mask' && model.mask !== 'none' ? 1 : countInputs(model, role)
}

/** Lists the words of a model's name: letters and numbers apart, so that versions of one family share the letters. */
function listWords({ id, name = '' }: KnownModel): Set<string> {
  const ownId = id.slice(id.indexOf('/') + 1)
  return new Set(`${ownId} ${name}`.toLowerCase().match(/[a-z]+|\d+/g) ?? [])
}

/** Returns the share of words that are in both. */
function computeLikeness(a: ReadonlySet<string>, b: ReadonlySet<string>): number {
  const all = a.union(b).size
  return all === 0 ? 0 : a.intersection(b).size / all
}
