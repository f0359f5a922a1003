# Meson builds; this only calls it, and gets what it needs first. Two commands to know: make demo, make test.
BUILD = build
PREFIX = /usr/local
DESTDIR =
SECONDS = 60
NPM_TESTS = tests/browser tests/integration

all: build-tools
	@test -f $(BUILD)/build.ninja || meson setup --prefix=$(PREFIX) $(BUILD)
	@ninja -C $(BUILD)

demo: all
	@$(BUILD)/mbc demo

test: test-tools
	@/usr/bin/python3 tests/run.py --build $(BUILD)

# The simulations and kills at random, side by side, for as long as it is given: make soak SECONDS=3600
soak: test-tools all
	@/usr/bin/python3 tests/run.py --build $(BUILD) --soak $(SECONDS)

perf:
	@tools/install-deps.sh build perf
	@test -f $(BUILD)-perf/build.ninja || meson setup --buildtype=release $(BUILD)-perf
	@ninja -C $(BUILD)-perf
	@/usr/bin/python3 perf/run.py $(BUILD)-perf

# All fuzz targets share the time: make fuzz SECONDS=3600
fuzz:
	@tools/install-deps.sh build check
	@test -f $(BUILD)-fuzz/build.ninja || CC=clang meson setup -Dfuzz=true -Db_sanitize=address,undefined \
		-Db_lundef=false -Dc_args=-fsanitize=fuzzer-no-link $(BUILD)-fuzz
	@ninja -C $(BUILD)-fuzz
	@tools/fuzz.sh $(BUILD)-fuzz $(SECONDS)

format:
	@tools/install-deps.sh check
	@tools/format.sh

install: all
	@meson configure --prefix=$(PREFIX) $(BUILD)
	@DESTDIR=$(DESTDIR) meson install -C $(BUILD)

clean:
	rm -rf $(BUILD) $(BUILD)-*

build-tools:
	@tools/install-deps.sh build

test-tools: $(NPM_TESTS:=/node_modules/.package-lock.json)
	@tools/install-deps.sh build run test

$(NPM_TESTS:=/node_modules/.package-lock.json): %/node_modules/.package-lock.json: %/package-lock.json
	@tools/install-deps.sh build run test
	@cd $* && npm ci --ignore-scripts --no-fund --no-audit --loglevel=error
	@touch $@

.PHONY: all demo test soak perf fuzz format install clean build-tools test-tools
