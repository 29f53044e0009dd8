/** The version of the package inside. */
declare const __CORE_VERSION__: string;

/** A function of the core, by its file in `core/src` and its name. */
declare module "core:*" {
  const excerpt: import("./lessons/lesson.js").Excerpt;
  export default excerpt;
}
