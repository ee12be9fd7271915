import type { Generation } from '@darkroom/contracts/generation'
import { createMemo, Show } from 'solid-js'
import { Icon } from '../../ui/icons.tsx'
import type { FindParent, ParentInfo } from '../../verbs/parent-info.ts'

interface ParentLinkProps {
  generation: Generation
  findParent: FindParent | undefined
}

/** The line above the prompt of a child: a thumbnail of its parent, the parent's first words, and what was done to it. */
export function ParentLink(props: ParentLinkProps) {
  const info = createMemo(() => props.findParent?.(props.generation) ?? fallbackInfo(props.generation))
  return (
    <Show
      when={info().state !== 'gone'}
      fallback={
        <p class="row-parent">
          <ParentText info={info()} />
        </p>
      }
    >
      <a class="row-parent" href={info().href}>
        <ParentText info={info()} />
      </a>
    </Show>
  )
}

function ParentText(props: { info: ParentInfo }) {
  return (
    <>
      <span class="row-parent-image">
        <Show when={props.info.thumbnailUrl} fallback={<Icon name="image" />}>
          {url => <img src={url()} alt="" decoding="async" />}
        </Show>
      </span>
      <span class="row-parent-text">
        <span class="row-parent-line">
          from <strong dir="auto">{formatParent(props.info)}</strong>
        </span>
        <span class="row-parent-line">{props.info.change}</span>
      </span>
    </>
  )
}

function formatParent({ words, state }: ParentInfo): string {
  if (state === 'gone') return 'a deleted generation'
  const name = words ?? 'another generation'
  return state === 'trashed' ? `${name} (in the trash)` : name
}

/** Returns what a child itself says of its parent. */
function fallbackInfo({ parent }: Generation): ParentInfo {
  return {
    href: `#g=${parent?.generationId ?? ''}`,
    thumbnailUrl: null,
    words: null,
    change: (parent?.verb ?? '').replaceAll('-', ' '),
    state: 'present',
  }
}
