/** The version of the package inside. */
declare const __CORE_VERSION__: string;
