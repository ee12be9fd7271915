import { REFERENCE_ALIASES } from '../lines/known-keys.ts'

/**
 * Names by which other systems call what an import takes, in lower case and without underscores: Prisma writes `createdAt`, others
 * `created_at`. Of several that a table has, the first one counts.
 */

export const TABLE_NAMES = {
  generations: ['generation', 'generations'],
  outputs: ['output', 'outputs', 'generationoutput', 'generationoutputs'],
  users: ['user', 'users', 'profile', 'profiles'],
} as const satisfies Record<string, readonly string[]>
export type TableKey = keyof typeof TABLE_NAMES

/** Columns of generations that become parameters of the same meaning, where the parameters do not have them. */
export const PARAMETER_FIELDS = {
  negativePrompt: ['negativeprompt'],
  seed: ['seed'],
  aspectRatio: ['aspectratio'],
  resolution: ['resolution'],
  duration: ['duration'],
  numOutputs: ['numoutputs'],
  ...REFERENCE_ALIASES,
} as const satisfies Record<string, readonly string[]>

const FAVOURITE = [
  ...['isfavorite', 'isfavourite', 'favorite', 'favourite', 'favorited', 'favourited', 'isstarred', 'starred'],
  ...['isapproved', 'approved', 'isliked', 'liked', 'isbookmarked', 'bookmarked'],
]

const GENERATION_FIELDS = {
  id: ['id', 'generationid'],
  prompt: ['prompt', 'prompttext'],
  model: ['modelid', 'model', 'modelname'],
  kind: ['kind', 'type', 'mediatype', 'generationtype', 'outputtype'],
  status: ['status', 'state'],
  parameters: ['parameters', 'params', 'settings', 'options'],
  error: ['error', 'errormessage', 'failurereason'],
  createdAt: ['createdat', 'created', 'insertedat'],
  completedAt: ['completedat', 'finishedat'],
  deletedAt: ['deletedat', 'isdeleted', 'deleted'],
  favourite: FAVOURITE,
  user: ['userid', 'authorid', 'ownerid', 'creatorid', 'createdby'],
  parent: ['parentid', 'parentgenerationid', 'sourcegenerationid'],
  outputs: ['outputs', 'images', 'results', 'outputurls', 'imageurls'],
  output: ['fileurl', 'outputurl', 'imageurl', 'videourl', 'resulturl', 'url'],
  ...PARAMETER_FIELDS,
} as const satisfies Record<string, readonly string[]>

export const OUTPUT_FIELDS = {
  id: ['id', 'outputid'],
  generation: ['generationid', 'generation'],
  url: ['fileurl', 'url', 'outputurl', 'imageurl', 'videourl', 'src'],
  path: ['filepath', 'storagepath', 'path', 'storagekey', 'objectkey', 's3key', 'key'],
  bucket: ['bucket', 'storagebucket', 'filebucket', 'bucketname'],
  kind: ['filetype', 'kind', 'type', 'mediatype', 'mimetype', 'contenttype'],
  width: ['width'],
  height: ['height'],
  favourite: FAVOURITE,
  deletedAt: ['deletedat', 'isdeleted', 'deleted'],
  position: ['position', 'index', 'outputindex', 'sortorder', 'order'],
  createdAt: ['createdat', 'created', 'insertedat'],
} as const satisfies Record<string, readonly string[]>

const USER_FIELDS = {
  id: ['id', 'userid'],
  name: ['displayname', 'name', 'fullname', 'username'],
  username: ['username', 'handle'],
  email: ['email'],
} as const satisfies Record<string, readonly string[]>

export const TABLE_FIELDS = { generations: GENERATION_FIELDS, outputs: OUTPUT_FIELDS, users: USER_FIELDS } as const

/** Columns without which a table cannot be read. */
export const REQUIRED_FIELDS: Readonly<Record<TableKey, readonly string[]>> = {
  generations: ['id'],
  outputs: ['generation'],
  users: ['id'],
}

/** Returns a name in the form of the lists above. */
export function toPlainName(name: string): string {
  return name.toLowerCase().replaceAll(/[_\s-]/g, '')
}
