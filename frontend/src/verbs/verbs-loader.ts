import type { Generation } from '@darkroom/contracts/generation'
import { createSignal, onCleanup, onMount } from 'solid-js'
import type { LineageSource } from '../lightbox/lineage-source.ts'
import type { MaskTarget } from '../mask/mask-target.ts'
import type { ListElsewhere, ListOutputVerbs } from './output-menu.ts'
import type { FindParent } from './parent-info.ts'
import type { createVerbs, VerbsOptions } from './verbs.ts'

type Verbs = ReturnType<typeof createVerbs>

const IDLE_DELAY_MS = 300
const RETRY_DELAY_MS = 4_000
const NOT_LOADED_MESSAGE = 'This part of the page could not be loaded. Try it again, or reload the page.'

/**
 * Creates the ways to go on from an output. Their code is loaded when the page is idle, or when it is needed before that, and again
 * after a failure: until then an output has no verbs, and a child shows what it says of its parent itself.
 */
export function createVerbsLoader(options: VerbsOptions) {
  const [verbs, setVerbs] = createSignal<Verbs>()
  let loading: Promise<Verbs> | undefined

  function load(): Promise<Verbs> {
    loading ??= loadVerbs(options).then(
      loaded => {
        setVerbs(loaded)
        return loaded
      },
      error => {
        loading = undefined
        throw error
      },
    )
    return loading
  }

  const listOutputVerbs: ListOutputVerbs = (generation, output) => verbs()?.listOutputVerbs(generation, output) ?? []
  const listElsewhere: ListElsewhere = generation => verbs()?.listElsewhere(generation) ?? []
  const findParent: FindParent = generation => verbs()?.findParent(generation)
  const lineage: LineageSource = {
    ancestors: async (...request) => (await load()).lineage.ancestors(...request),
    children: async (...request) => (await load()).lineage.children(...request),
  }
  const again = (generation: Generation) =>
    void load().then(
      loaded => loaded.again(generation),
      () => options.notify(NOT_LOADED_MESSAGE),
    )

  onMount(() => {
    let timer = setTimeout(preload, IDLE_DELAY_MS)
    function preload() {
      load().catch(() => {
        timer = setTimeout(preload, RETRY_DELAY_MS)
      })
    }
    onCleanup(() => clearTimeout(timer))
  })
  return {
    ...{ listOutputVerbs, listElsewhere, findParent, lineage, again },
    receive: (generation: Generation) => verbs()?.receive(generation),
    maskTarget: (): MaskTarget | null => verbs()?.maskTarget() ?? null,
    createMaskProps: (target: MaskTarget) => verbs()?.createMaskProps(target),
  }
}

async function loadVerbs(options: VerbsOptions): Promise<Verbs> {
  const module = await import('./verbs.ts')
  return module.createVerbs(options)
}
