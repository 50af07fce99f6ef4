# SPDX-License-Identifier: GPL-2.0-or-later
# Installs and removes: programs, module source for DKMS, unit, bus, udev and other
# system files, man pages, completions, built-in rules. It must never touch a file
# that people made (rules, answers) unless PURGE=1 says so.
#
#   make install [DESTDIR=DIR] [PREFIX=/usr]
#       Without DESTDIR also makes the user snitch, builds and installs the module with
#       DKMS for the running kernel, and tells udev, the bus and systemd.
#   make uninstall [DESTDIR=DIR] [PREFIX=/usr] [PURGE=1]
#       PURGE=1 takes rules, answers and the user snitch, too.

DESTDIR	?=
PREFIX	?= /usr
BINDIR	?= $(PREFIX)/bin
SBINDIR	?= $(PREFIX)/sbin
MANDIR	?= $(PREFIX)/share/man
BASHCOMPDIR ?= $(PREFIX)/share/bash-completion/completions
ZSHCOMPDIR ?= $(PREFIX)/share/zsh/vendor-completions
FISHCOMPDIR ?= $(PREFIX)/share/fish/vendor_completions.d
DOCDIR	?= $(PREFIX)/share/doc/snitch
SYSCONFDIR ?= /etc
# Where systemd, udev, the bus, DKMS and snitchd itself look, whatever PREFIX is.
RULESDIR ?= /usr/lib/snitch/rules.d
IAPDIR	?= /usr/share/snitch/iap
# Where the built-in rule names the downloader.
LIBEXECDIR ?= /usr/lib/snitch
UNITDIR	?= /usr/lib/systemd/system
SYSUSERSDIR ?= /usr/lib/sysusers.d
TMPFILESDIR ?= /usr/lib/tmpfiles.d
MODULESLOADDIR ?= /usr/lib/modules-load.d
UDEVDIR	?= /usr/lib/udev/rules.d
DBUSPOLICYDIR ?= /usr/share/dbus-1/system.d
DBUSIFACEDIR ?= /usr/share/dbus-1/interfaces
POLKITDIR ?= /usr/share/polkit-1
SRCDIR	?= /usr/src
STATEDIR ?= /var/lib/snitch
FETCHDIR ?= /var/lib/snitch-fetch
RUNDIR	?= /run/snitch

INSTALL	?= install
US	:= $(TOP)/userspace
MODVERSION := $(shell sed -n 's/^PACKAGE_VERSION="\(.*\)"/\1/p' $(TOP)/dkms.conf)
MODSRC	:= $(SRCDIR)/snitch-$(or $(MODVERSION),$(error no PACKAGE_VERSION in dkms.conf))

MAN_PAGES := $(wildcard $(US)/man/*.[1-8])
RULES_D	:= $(wildcard $(US)/rules.d/*.rules)
POLICIES := $(wildcard $(US)/iap/policies/*.InternetAccessPolicy.json)
# What DKMS builds from: every file of these folders.
MODULE_FILES := $(patsubst $(TOP)/%,%,$(shell find $(TOP)/kmod $(TOP)/include -type f \
		  \( -name '*.[ch]' -o -name Kbuild -o -name 'Kbuild.*' -o -name Kconfig \) \
		  2>/dev/null | sort)) Kbuild dkms.conf LICENSE

# One line a file: "MODE SOURCE TARGET". Both directions read this one list.
define INSTALLED
0755 $(BIN)/snitch $(BINDIR)/snitch
0755 $(BIN)/snitchd $(SBINDIR)/snitchd
0755 $(BIN)/snitch-fetch $(LIBEXECDIR)/snitch-fetch
0644 $(BUILD)/snitchd.service $(UNITDIR)/snitchd.service
0644 $(BUILD)/snitch-fetch.service $(UNITDIR)/snitch-fetch.service
0644 $(US)/systemd/snitch-fetch.timer $(UNITDIR)/snitch-fetch.timer
0644 $(US)/systemd/snitch-fetch.path $(UNITDIR)/snitch-fetch.path
0644 $(US)/systemd/snitch.sysusers.conf $(SYSUSERSDIR)/snitch.conf
0644 $(US)/systemd/snitch.tmpfiles.conf $(TMPFILESDIR)/snitch.conf
0644 $(US)/systemd/snitch.modules-load.conf $(MODULESLOADDIR)/snitch.conf
0644 $(US)/udev/60-snitch.rules $(UDEVDIR)/60-snitch.rules
0644 $(US)/dbus/org.snitch.Snitch1.conf $(DBUSPOLICYDIR)/org.snitch.Snitch1.conf
0644 $(US)/dbus/org.snitch.Snitch1.xml $(DBUSIFACEDIR)/org.snitch.Snitch1.xml
0644 $(US)/dbus/org.snitch.Snitch1.policy $(POLKITDIR)/actions/org.snitch.Snitch1.policy
0644 $(US)/dbus/org.snitch.Snitch1.rules $(POLKITDIR)/rules.d/org.snitch.Snitch1.rules
0644 $(US)/completions/snitch.bash $(BASHCOMPDIR)/snitch
0644 $(US)/completions/_snitch $(ZSHCOMPDIR)/_snitch
0644 $(US)/completions/snitch.fish $(FISHCOMPDIR)/snitch.fish
0644 $(TOP)/README.md $(DOCDIR)/README.md
0644 $(TOP)/LICENSE $(DOCDIR)/LICENSE
$(foreach p,$(MAN_PAGES),0644 $(p) $(MANDIR)/man$(subst .,,$(suffix $(p)))/$(notdir $(p))$(\n))
$(foreach r,$(RULES_D),0644 $(r) $(RULESDIR)/$(notdir $(r))$(\n))
$(foreach p,$(POLICIES),0644 $(p) $(IAPDIR)/$(notdir $(p))$(\n))
$(foreach f,$(MODULE_FILES),0644 $(TOP)/$(f) $(MODSRC)/$(f)$(\n))
endef
define \n


endef
export INSTALLED

# Which folders an installation had to make: uninstall takes these away again, where they are
# empty, and no others.
FOLDERS	:= $(RULESDIR:/rules.d=)/folders

# make_dir DIR: with those above it; what had to be made is added to $made.
MAKE_DIR = make_dir() { [ -z "$$1" ] || [ -d "$(DESTDIR)$$1" ] || { make_dir "$${1%/*}" && \
	mkdir -m 0755 "$(DESTDIR)$$1" && made="$$made$$1 "; }; }

# every_version COMMAND: COMMAND with $v being each version of snitch that DKMS knows.
EVERY_VERSION = for v in $$(dkms status snitch 2>/dev/null | sed -n 's|^snitch[/,] *\([0-9][0-9.]*\).*|\1|p' | \
	sort -u); do $(1) || exit 1; done

# Everything that tells a running system; never with DESTDIR.
SYSTEMD_RUNS = [ -d /run/systemd/system ]

.PHONY: install install-files install-source install-system
.PHONY: uninstall uninstall-files uninstall-system

$(BUILD)/%.service: $(US)/systemd/%.service.in FORCE
	@mkdir -p $(@D)
	@sed 's|@SBINDIR@|$(SBINDIR)|g; s|@LIBEXECDIR@|$(LIBEXECDIR)|g' $< > $@.new && mv $@.new $@

install: install-files
	$(if $(DESTDIR),,@$(MAKE) --no-print-directory -f $(SELF) install-system)

install-files: all $(BUILD)/snitchd.service $(BUILD)/snitch-fetch.service
	@rm -rf --one-file-system "$(DESTDIR)$(MODSRC)"
	@mkdir -p "$(DESTDIR)/"
	@printf '%s\n' "$$INSTALLED" | { $(MAKE_DIR); while read -r mode source target; do \
	    [ -n "$$target" ] || continue; \
	    make_dir "$${target%/*}" && $(INSTALL) -m "$$mode" "$$source" "$(DESTDIR)$$target" || exit 1; \
	  done; \
	  make_dir $(SYSCONFDIR)/snitch/rules.d && make_dir $(SYSCONFDIR)/snitch/lists && \
	  make_dir $(FOLDERS:/folders=) && \
	  printf '%s\n' $$made >>"$(DESTDIR)$(FOLDERS)"; }
	@echo "installed into $(if $(DESTDIR),$(DESTDIR),$(PREFIX))"

# Only what DKMS builds from.
install-source:
	@printf '%s\n' "$$INSTALLED" | grep -F " $(MODSRC)/" | while read -r mode source target; do \
	  $(INSTALL) -D -m "$$mode" "$$source" "$(DESTDIR)$$target" || exit 1; \
	done

install-system:
	@if command -v systemd-sysusers >/dev/null; then \
	  systemd-sysusers $(SYSUSERSDIR)/snitch.conf; \
	else for u in snitch:$(STATEDIR) snitch-fetch:$(FETCHDIR); do \
	  getent passwd $${u%%:*} >/dev/null || \
	    useradd --system --user-group --home-dir $${u#*:} --no-create-home \
	      --shell /usr/sbin/nologin $${u%%:*}; \
	  done; \
	fi
	@$(INSTALL) -d -m 0750 -o snitch -g snitch $(STATEDIR)
	@$(INSTALL) -d -m 0755 -o snitch -g snitch $(RUNDIR)
	@$(INSTALL) -d -m 0755 $(FETCHDIR)
	@$(INSTALL) -d -m 2750 -o snitch -g snitch-fetch $(FETCHDIR)/jobs
	@$(INSTALL) -d -m 2770 -o snitch-fetch -g snitch $(FETCHDIR)/spool
	@if ! command -v dkms >/dev/null; then \
	  echo "no dkms here: install it, then run: dkms install snitch/$(MODVERSION)" >&2; exit 1; \
	fi
	@$(call EVERY_VERSION,dkms remove snitch/$$v --all >/dev/null && \
	  { [ $$v = $(MODVERSION) ] || rm -rf --one-file-system $(SRCDIR)/snitch-$$v; })
	@dkms add snitch/$(MODVERSION)
	@if [ -e /lib/modules/$$(uname -r)/build/Makefile ]; then \
	  dkms build snitch/$(MODVERSION) && dkms install snitch/$(MODVERSION); \
	else \
	  echo "no headers for $$(uname -r): install them (apt-get install" \
	    "linux-headers-$$(uname -r)), then run: dkms install snitch/$(MODVERSION)" >&2; \
	fi
	@if $(SYSTEMD_RUNS); then \
	  systemctl daemon-reload; \
	  systemctl reload dbus 2>/dev/null || true; \
	  udevadm control --reload 2>/dev/null || true; \
	  [ ! -d /sys/module/snitch ] || echo "the module of before is still loaded; to change it:" \
	    "systemctl stop snitchd && modprobe -r snitch"; \
	  echo "next: systemctl enable --now snitchd   (it starts in mode observe)"; \
	  echo "lists: systemctl enable --now snitch-fetch.timer snitch-fetch.path"; \
	else \
	  echo "next: modprobe snitch && snitchd --user snitch &   (systemd does not run here)"; \
	fi

uninstall:
	$(if $(DESTDIR),,@$(MAKE) --no-print-directory -f $(SELF) uninstall-system)
	@$(MAKE) --no-print-directory -f $(SELF) uninstall-files

uninstall-system:
	@if $(SYSTEMD_RUNS); then systemctl disable --now snitchd snitch-fetch.timer \
	  snitch-fetch.path 2>/dev/null || true; fi
	@if [ -d /sys/module/snitch ]; then \
	  modprobe -r snitch || echo "snitch.ko stays loaded until the next boot" >&2; \
	fi
	@if command -v dkms >/dev/null; then $(call EVERY_VERSION,dkms remove snitch/$$v --all); fi
	$(if $(PURGE),@for u in snitch snitch-fetch; do \
	  if getent passwd $$u >/dev/null; then userdel $$u; fi; \
	  if getent group $$u >/dev/null; then groupdel $$u; fi; done)

uninstall-files:
	@printf '%s\n' "$$INSTALLED" | while read -r mode source target; do \
	  [ -n "$$target" ] || continue; \
	  rm -f "$(DESTDIR)$$target"; \
	done
	@rm -rf --one-file-system "$(DESTDIR)$(MODSRC)" "$(DESTDIR)$(RUNDIR)" "$(DESTDIR)$(FETCHDIR)"
	$(if $(PURGE),@rm -rf --one-file-system "$(DESTDIR)$(SYSCONFDIR)/snitch" "$(DESTDIR)$(STATEDIR)")
	@rmdir "$(DESTDIR)$(STATEDIR)/rules" "$(DESTDIR)$(STATEDIR)/lists" "$(DESTDIR)$(STATEDIR)" 2>/dev/null || true
	@if [ -e "$(DESTDIR)$(FOLDERS)" ]; then \
	  folders=$$(sort -ru "$(DESTDIR)$(FOLDERS)"); \
	  rm -f "$(DESTDIR)$(FOLDERS)"; \
	  for dir in $$folders; do rmdir "$(DESTDIR)$$dir" 2>/dev/null || true; done; \
	fi
	$(if $(DESTDIR),@cd "$(DESTDIR)/" && rmdir -p --ignore-fail-on-non-empty \
	  $(patsubst /%,./%,$(dir $(SYSCONFDIR)/snitch $(STATEDIR) $(RUNDIR))) 2>/dev/null || true)
	@for dir in $(SYSCONFDIR)/snitch $(STATEDIR); do \
	  [ ! -d "$(DESTDIR)$$dir" ] || \
	    echo "kept: $(DESTDIR)$$dir (rules and answers of people); PURGE=1 removes it"; \
	done
	$(if $(DESTDIR),,@if $(SYSTEMD_RUNS); then systemctl daemon-reload; \
	  udevadm control --reload 2>/dev/null || true; fi)
	@echo "removed"
