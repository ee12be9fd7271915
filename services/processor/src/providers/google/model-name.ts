/** Part of a name that says how far a model is, or the day of its version, and not which model it is. */
const VARIANT = /-(?:preview|exp|latest|\d{3}|\d{2}-\d{2,4})$/

/** Returns the name at the provider of a model's id: the text after the first slash. */
export function toProviderModel(id: string): string {
  return id.slice(id.indexOf('/') + 1)
}

/** Returns a model's name without what tells its variants apart: `models/veo-3.1-generate-preview` is `veo-3.1-generate`. */
export function toBaseName(name: string): string {
  let base = name.replace(/^models\//, '')
  while (VARIANT.test(base)) base = base.replace(VARIANT, '')
  return base
}

/** Returns whether two names are those of the same model. */
export function isSameModel(one: string, other: string): boolean {
  return toBaseName(one) === toBaseName(other)
}
