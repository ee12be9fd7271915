import { For, Show } from 'solid-js'
import { BarButton } from './bar-button.tsx'
import { listDownloads, listMore } from './bar-entries.ts'
import { BarMenu } from './bar-menu.tsx'
import type { BarProps } from './bar-props.ts'
import { divideVerbs, referenceAction } from './verb-entries.ts'

/** The bar above the output: its number, the prompt in one line and the actions. */
export function LightboxBar(props: BarProps) {
  return (
    <div class="lightbox-bar">
      <p class="counter">{props.count}</p>
      <p class="bar-prompt" dir="auto">
        {props.media.generation.prompt}
      </p>
      <Show when={!props.isTrashed} fallback={<RestoreButton {...props} />}>
        <FavouriteButton {...props} />
      </Show>
      <Show when={!isVideo(props)}>
        <ImageButtons {...props} />
      </Show>
      <span class="bar-divider" />
      <BarMenu label="Download" icon="download" items={listDownloads(props)} />
      <Show when={!props.isTrashed}>
        <BarButton
          label="Delete this picture"
          icon="bin"
          title="Deletes this picture alone. It can be taken back."
          onPress={props.actions.remove}
        />
      </Show>
      <BarButton label="Details" icon="details" isPressed={props.isDetailsOpen} onPress={props.actions.toggleDetails} />
      <BarMenu label="More" icon="more" items={listMore(props)} />
      <BarButton label="Close" icon="close" onPress={props.actions.close} />
    </div>
  )
}

function ImageButtons(props: BarProps) {
  return (
    <>
      <Show when={!props.isTrashed}>
        <BarButton label="Use as reference" text="Reference" icon="reference" onPress={referenceAction(props)} />
      </Show>
      <For each={divideVerbs(props.verbs).frequent}>
        {verb => <BarButton label={verb.label} text={verb.label} icon={verb.icon ?? 'mask'} onPress={verb.run} />}
      </For>
      <Show when={props.canCompare}>
        <BarButton
          label="Compare"
          text="Compare"
          icon="compare"
          isPressed={props.isComparing}
          onPress={props.actions.toggleCompare}
        />
      </Show>
    </>
  )
}

function FavouriteButton(props: BarProps) {
  return (
    <BarButton
      label="Favourite"
      icon="favourite"
      isPressed={props.media.output.favourite}
      onPress={props.actions.toggleFavourite}
    />
  )
}

/** The button that takes the generation out of the trash. */
export function RestoreButton(props: Pick<BarProps, 'actions'>) {
  return (
    <BarButton
      label="Restore"
      text="Restore"
      icon="reuse"
      title="Takes the whole generation out of the trash."
      onPress={props.actions.restore}
    />
  )
}

function isVideo({ media }: BarProps): boolean {
  return media.output.kind === 'video'
}
