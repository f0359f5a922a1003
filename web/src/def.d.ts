/* What build.mjs makes of quality.def: [text en, text fr, remedy en, remedy fr] by token; of gap.def the first two. */
declare module "*.def" {
	const table: Record<string, [string, string, string, string]>;
	export default table;
}
declare module "*.css";
/* The files of src/words by their names, English first. */
declare module "words" {
	const all: Record<string, import("./words/en").Words>;
	export default all;
}
