/* What build.mjs makes of quality.def: [text en, text fr, remedy en, remedy fr] by token; of gap.def the first two. */
declare module "*.def" {
	const table: Record<string, [string, string, string, string]>;
	export default table;
}
declare module "*.css";
