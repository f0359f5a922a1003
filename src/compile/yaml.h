/* yaml.h - YAML to our own tree, by the events of libfyaml */
#ifndef COMPILE_YAML_H
#define COMPILE_YAML_H

#include "compile/diag.h"
#include "compile/tree.h"

#define YAML_DEPTH_MAX 32

/* Parse bytes that passed source_check(). Refused, each with its place: more than one document, anchors, aliases, tags,
 * merge keys, keys that are not plain words, duplicate keys, nesting beyond YAML_DEPTH_MAX. Reports the first syntax
 * error. Returns the root (a map), NULL when the file cannot be used. */
struct node *yaml_parse(struct tree *t, struct diag *d, uint16_t file, const char *bytes, size_t n);

#endif
