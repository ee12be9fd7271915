import { join } from 'node:path'
import { ScaledObject } from '@kubernetes-models/keda/keda.sh/v1alpha1'
import { Deployment, StatefulSet } from 'kubernetes-models/apps/v1'
import { Job } from 'kubernetes-models/batch/v1'
import { NetworkPolicy } from 'kubernetes-models/networking.k8s.io/v1'
import { PodDisruptionBudget } from 'kubernetes-models/policy/v1'
import { ConfigMap, Namespace, Secret, Service } from 'kubernetes-models/v1'

/** A manifest of Kubernetes, as its YAML has it. */
export interface Manifest {
  apiVersion: string
  kind: string
  metadata: { name: string }
  [key: string]: unknown
}

interface Model {
  validate(): void
}
/** A class of manifests, whose `validate` checks them against the schema that Kubernetes, or KEDA, has published. */
interface ModelClass {
  new (data: never): Model
  readonly apiVersion: string
  readonly kind: string
}

const MODELS: readonly ModelClass[] = [
  ConfigMap,
  Deployment,
  Job,
  Namespace,
  NetworkPolicy,
  PodDisruptionBudget,
  ScaledObject,
  Secret,
  Service,
  StatefulSet,
]

/** Reads the manifests of a file of this folder. */
export async function readManifests(file: string): Promise<Manifest[]> {
  const parsed: unknown = Bun.YAML.parse(await Bun.file(join(import.meta.dirname, file)).text())
  return (Array.isArray(parsed) ? parsed : [parsed]) as Manifest[]
}

/**
 * Checks a manifest against its schema. The schemas allow unknown keys, which the cluster would drop with a warning; here they count.
 *
 * @returns what is wrong, by its path; empty if nothing is
 */
export function findManifestProblems(manifest: Manifest): string[] {
  const Model = MODELS.find(({ apiVersion, kind }) => apiVersion === manifest.apiVersion && kind === manifest.kind)
  if (!Model) return [`no schema for ${manifest.apiVersion} ${manifest.kind}`]
  const unread: (() => string[])[] = []
  try {
    const model = watchReads({ ...new Model(manifest as never) }, '', unread)
    Model.prototype.validate.call(model)
  } catch (error) {
    return [error instanceof Error ? error.message : String(error)]
  }
  return unread.flatMap(list => list())
}

/** Returns a copy that notes which keys are read. A validator reads every key that its schema knows, and no other. */
function watchReads(value: unknown, path: string, unread: (() => string[])[]): unknown {
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return value.map((item, index) => watchReads(item, `${path}/${index}`, unread))
  const entries = Object.entries(value).map(([key, item]) => [key, watchReads(item, `${path}/${key}`, unread)])
  const copy: Record<PropertyKey, unknown> = Object.fromEntries(entries)
  const read = new Set<PropertyKey>()
  unread.push(() => Object.keys(copy).flatMap(key => (read.has(key) ? [] : [`${path}/${key} is unknown`])))
  return new Proxy(copy, {
    get: (target, key) => {
      read.add(key)
      return target[key]
    },
  })
}
