/* What build.mjs makes of quality.def: [text en, text fr, remedy en, remedy fr] by token. */
declare module "*.def" {
	const table: Record<string, [string, string, string, string]>;
	export default table;
}
declare module "*.css";
